//! The tables beside the catalogue; `catalogue/tables/README.md` explains their form.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// All of them.
pub(super) struct Tables {
    pub(super) documented: Vec<Documented>,
    pub(super) python: PythonSdk,
    pub(super) v1: Vec<OperationOfV1>,
}

/// An interface that WeChat Pay documents.
#[derive(Debug)]
pub(super) struct Documented {
    pub(super) generation: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) name: String,
}

impl Documented {
    /// `POST /v3/pay/transactions/native`.
    pub(super) fn request(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The Python SDK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PythonSdk {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) function: Vec<Function>,
}

/// A function of the Python SDK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    /// `module.function`.
    pub(super) name: String,
    #[serde(default)]
    pub(super) calls: Vec<String>,
    pub(super) instead: Option<String>,
    pub(super) sends: Option<String>,
    pub(super) note: Option<String>,
}

impl Function {
    /// The module and the function.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.name.split_once('.').unwrap_or(("", &self.name))
    }
}

/// An operation of 2014.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationOfV1 {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) method: String,
    pub(super) host: String,
    pub(super) path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct V1 {
    operations: Vec<OperationOfV1>,
}

/// Reads the tables in `folder`.
pub(super) fn read(folder: &Path) -> Result<Tables> {
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let documented = documented(&text("documented.tsv")?).context("documented.tsv")?;
    let python: PythonSdk = toml::from_str(&text("python_sdk.toml")?).context("python_sdk.toml")?;
    check(&python, &documented).context("python_sdk.toml")?;
    let v1: V1 = toml::from_str(&text("v1.toml")?).context("v1.toml")?;
    Ok(Tables {
        documented,
        python,
        v1: v1.operations,
    })
}

fn documented(text: &str) -> Result<Vec<Documented>> {
    let mut lines = text.lines();
    ensure!(
        lines.next() == Some("generation\tmethod\tpath\tname"),
        "the first line names the columns: generation, method, path, name"
    );
    let mut documented: Vec<Documented> = Vec::new();
    for line in lines {
        let columns: Vec<&str> = line.split('\t').collect();
        let [generation, method, path, name] = columns.as_slice() else {
            bail!("not four columns: {line}");
        };
        documented.push(Documented {
            generation: (*generation).to_owned(),
            method: (*method).to_owned(),
            path: (*path).to_owned(),
            name: (*name).to_owned(),
        });
    }
    Ok(documented)
}

/// Refuses what does not fit together.
fn check(python: &PythonSdk, documented: &[Documented]) -> Result<()> {
    let documented: std::collections::BTreeSet<String> =
        documented.iter().map(Documented::request).collect();
    for function in &python.function {
        let name = &function.name;
        ensure!(name.contains('.'), "{name}: not `module.function`");
        ensure!(
            function.calls.is_empty() == function.instead.is_some(),
            "{name}: either `calls` or `instead`"
        );
        for call in &function.calls {
            ensure!(
                documented.contains(call),
                "{name}: `{call}` is not in documented.tsv"
            );
            ensure!(
                function.sends.as_deref() != call.split(' ').next(),
                "{name}: `sends` is for a method that is not the documented one"
            );
        }
    }
    Ok(())
}
