//! `cargo xtask bench-compile`: what it costs a user to compile `wxpay-api`, in processor time and
//! memory, its dependencies not counted.

pub(crate) mod meter;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::{cargo, root, step};
use meter::Cost;

/// What the `README.md` promises.
const FAMILY: Budget = Budget {
    seconds: 2.0,
    gigabytes: None,
};
const DEFAULT: Budget = Budget {
    seconds: 6.0,
    gigabytes: None,
};
const ALL: Budget = Budget {
    seconds: 60.0,
    gigabytes: Some(3.5),
};

#[derive(Clone, Copy, Debug)]
struct Budget {
    /// Of processor time, all threads together.
    seconds: f64,
    /// Of memory that is resident at once, 10⁹ bytes each.
    gigabytes: Option<f64>,
}

impl Budget {
    fn holds(self, cost: Cost) -> bool {
        cost.seconds < self.seconds
            && self
                .gigabytes
                .is_none_or(|gigabytes| cost.gigabytes() < gigabytes)
    }

    fn shown(self) -> String {
        match self.gigabytes {
            Some(gigabytes) => format!("{} s, {gigabytes} GB", self.seconds),
            None => format!("{} s", self.seconds),
        }
    }
}

/// Measures and prints the table; with `strict` a budget that is exceeded is an error.
pub(crate) fn run(strict: bool) -> Result<()> {
    let bench = Bench::new()?;
    let families = families(&root().join("crates/wxpay-api/src/generated"))?;
    let at = |index: usize| families.get(index).map(|(_, family)| family.as_str());
    let (Some(smallest), Some(average), Some(largest)) = (
        at(0),
        at(families.len() / 2),
        at(families.len().wrapping_sub(1)),
    ) else {
        bail!("crates/wxpay-api/src/generated holds no family");
    };
    let mut rows = Vec::new();
    for (label, family) in [
        ("smallest family", smallest),
        ("family of average size", average),
        ("largest family", largest),
    ] {
        let cost = bench.check(&["--no-default-features"], family, 3)?;
        rows.push((format!("{label}, `{family}`"), FAMILY, cost));
    }
    let default = bench.check(&[], "", 3)?;
    rows.push(("the default features".to_owned(), DEFAULT, default));
    let everything = bench.check(&[], "full v2 v1", 1)?;
    rows.push(("all features".to_owned(), ALL, everything));
    let doc = bench.doc("full v2 v1")?;
    rows.push(("all features, `cargo doc --no-deps`".to_owned(), ALL, doc));
    let mut table =
        String::from("| what | processor time | memory | budget |\n|---|---|---|---|\n");
    for (label, budget, cost) in &rows {
        table.push_str(&format!(
            "| {label} | {:.1} s | {:.2} GB | {}{} |\n",
            cost.seconds,
            cost.gigabytes(),
            budget.shown(),
            if budget.holds(*cost) {
                ""
            } else {
                ", exceeded"
            },
        ));
    }
    std::io::stdout().write_all(table.as_bytes())?;
    let exceeded = rows.iter().filter(|(_, budget, cost)| !budget.holds(*cost));
    match exceeded.count() {
        0 => Ok(()),
        count if strict => bail!("{count} of the budgets exceeded"),
        _ => Ok(()),
    }
}

/// Where it is measured: a target folder of its own, so that nothing is there already and nobody waits.
struct Bench {
    target: PathBuf,
    /// Where the meter writes.
    costs: PathBuf,
}

impl Bench {
    fn new() -> Result<Self> {
        let shared = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root().join("target"), |folder| root().join(folder));
        let target = shared.join("bench-compile");
        std::fs::create_dir_all(&target).with_context(|| target.display().to_string())?;
        let costs = target.join("costs");
        Ok(Self { target, costs })
    }

    /// The least that checking `wxpay-api` with these features has cost in `times` runs: what else
    /// the machine does only ever adds to it.
    fn check(&self, arguments: &[&str], features: &str, times: usize) -> Result<Cost> {
        let mut least: Option<Cost> = None;
        for _ in 0..times.max(1) {
            let cost = self.measure("check", arguments, features)?;
            least = match least {
                Some(least) if least.seconds <= cost.seconds => Some(least),
                _ => Some(cost),
            };
        }
        least.context("nothing was measured")
    }

    fn doc(&self, features: &str) -> Result<Cost> {
        self.measure("doc", &["--no-deps"], features)
    }

    fn measure(&self, task: &str, arguments: &[&str], features: &str) -> Result<Cost> {
        self.forget()?;
        match std::fs::remove_file(&self.costs) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(self.costs.display().to_string());
            }
            _ => {}
        }
        let mut command = cargo();
        command
            .args([task, "--quiet", "-p", "wxpay-api"])
            .args(arguments)
            .args(["--features", &format!("{features} wxpay-proto/rustcrypto")])
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "0");
        meter::attach(&mut command, &self.costs)?;
        step(&mut command)?;
        meter::read(&self.costs)
    }

    /// Makes cargo compile `wxpay-api` anew, and nothing else.
    fn forget(&self) -> Result<()> {
        let folder = self.target.join("debug/.fingerprint");
        if !folder.exists() {
            return Ok(());
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with("wxpay-api-")
            {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// The features of the families, by the size of their generated source, the smallest first.
fn families(generated: &Path) -> Result<Vec<(u64, String)>> {
    let mut families = Vec::new();
    for (folder, prefix) in [(generated.to_path_buf(), ""), (generated.join("v2"), "v2_")] {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
                continue;
            };
            // The root of a family; `v2.rs` is none.
            if path.is_file() && (prefix, name) != ("", "v2") {
                let size = size(&path)? + size(&path.with_extension(""))?;
                families.push((size, format!("{prefix}{name}")));
            }
        }
    }
    families.sort();
    Ok(families)
}

/// The bytes in a file, or in a folder and below; 0 where there is nothing.
fn size(path: &Path) -> Result<u64> {
    if path.is_dir() {
        let mut sum = 0;
        for entry in std::fs::read_dir(path)? {
            sum += size(&entry?.path())?;
        }
        return Ok(sum);
    }
    Ok(std::fs::metadata(path).map_or(0, |file| file.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_upper_limits() {
        let cost = |seconds, bytes| Cost { seconds, bytes };
        assert!(ALL.holds(cost(59.9, 3_499_000_000)));
        assert!(!ALL.holds(cost(60.0, 1)));
        assert!(!ALL.holds(cost(1.0, 3_500_000_000)));
        assert!(FAMILY.holds(cost(1.9, 9_000_000_000)));
        assert_eq!(ALL.shown(), "60 s, 3.5 GB");
    }

    #[test]
    fn every_family_is_weighed_with_all_its_files() {
        let families = families(&root().join("crates/wxpay-api/src/generated")).expect("families");
        let features: Vec<&str> = families.iter().map(|(_, name)| name.as_str()).collect();
        assert!(features.contains(&"pay") && features.contains(&"v2_pay"));
        assert!(!features.contains(&"v2"));
        assert!(families.is_sorted() && families.iter().all(|(size, _)| *size > 0));
    }
}
