//! Generated text as `cargo fmt` would have it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// `files`, by their path within `src/generated`, formatted.
///
/// To start rustfmt for each of more than a thousand files would take a minute, so those within the folder
/// are written beside each other somewhere else, and rustfmt finds them by the modules they declare. As many
/// of it run as there are processors.
pub(super) fn files(root: &Path, files: Vec<(String, String)>) -> Result<Vec<(String, String)>> {
    let (within, outside): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(path, _)| !path.starts_with("..") && path != "v2.rs");
    let folder = Folder::new()?;
    for (path, text) in &within {
        let path = folder.0.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    // A family's root leads to the rest of it.
    let is_root = |path: &str| match path.strip_prefix("v2/").unwrap_or(path).split_once('/') {
        None => true,
        Some((_, _)) => false,
    };
    let roots: Vec<PathBuf> = within
        .iter()
        .filter(|(path, _)| is_root(path))
        .map(|(path, _)| folder.0.join(path))
        .collect();
    let at_once = std::thread::available_parallelism().map_or(1, |count| count.get());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once)
            .map(|start| {
                let own = roots.iter().skip(start).step_by(at_once);
                scope.spawn(move || in_place(root, own))
            })
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(result) => result?,
                Err(_) => bail!("a thread that formats has panicked"),
            }
        }
        Ok(())
    })?;
    let mut formatted = Vec::with_capacity(within.len() + outside.len());
    for (path, _) in within {
        let text = std::fs::read_to_string(folder.0.join(&path)).with_context(|| path.clone())?;
        formatted.push((path, text));
    }
    for (path, text) in outside {
        let text = through(root, &text).with_context(|| path.clone())?;
        formatted.push((path, text));
    }
    Ok(formatted)
}

/// A folder that is there as long as this is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let name = format!("wxpay-codegen-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn rustfmt(root: &Path) -> Command {
    let mut command = Command::new("rustfmt");
    command
        .args(["--edition", "2024", "--config-path"])
        .arg(root.join("rustfmt.toml"))
        .current_dir(root);
    command
}

/// Formats the modules of which these are the roots.
fn in_place<'a>(root: &Path, roots: impl Iterator<Item = &'a PathBuf>) -> Result<()> {
    let roots: Vec<&PathBuf> = roots.collect();
    if roots.is_empty() {
        return Ok(());
    }
    let output = rustfmt(root).args(roots).output().context(MISSING)?;
    if !output.status.success() {
        bail!("rustfmt: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Formats `text`, without looking for the modules it declares.
fn through(root: &Path, text: &str) -> Result<String> {
    let mut child = rustfmt(root)
        .args(["--emit", "stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(MISSING)?;
    // What does not fit into the pipe waits until rustfmt reads, and it reads all before writing.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

const MISSING: &str = "cannot start rustfmt (`rustup component add rustfmt`)";
