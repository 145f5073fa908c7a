//! How many crates each layer pulls in: the figures of the README.

use std::collections::BTreeSet;
use std::io::Write as _;

use anyhow::Result;

use crate::run::{cargo, output};

/// The rows of the README's table: label and the arguments of `cargo tree`.
const LAYERS: [(&str, &[&str]); 7] = [
    ("`wxpay-sign`", &["-p", "wxpay-sign"]),
    (
        "`wxpay-sign` with `aws-lc-rs` alone",
        &[
            "-p",
            "wxpay-sign",
            "--no-default-features",
            "--features",
            "aws-lc-rs",
        ],
    ),
    ("`wxpay-json`", &["-p", "wxpay-json"]),
    ("`wxpay-bill`", &["-p", "wxpay-bill"]),
    (
        "`wxpay-proto` + `wxpay-api`",
        &["-p", "wxpay-proto", "-p", "wxpay-api"],
    ),
    (
        "`wxpay-client` + `wxpay-api`",
        &["-p", "wxpay-client", "-p", "wxpay-api"],
    ),
    (
        "`wxpay-client` + `wxpay-api`, both with `v1` and `v2`",
        &[
            "-p",
            "wxpay-client",
            "-p",
            "wxpay-api",
            "--features",
            "v1,v2",
        ],
    ),
];

/// One row: what is depended on, and how many crates a build of it needs beside ours.
pub(crate) struct Layer {
    pub(crate) label: &'static str,
    pub(crate) foreign: usize,
    pub(crate) macros: usize,
}

/// Counts with `cargo tree`: the crates a build needs, ours not counted.
pub(crate) fn count() -> Result<Vec<Layer>> {
    LAYERS
        .iter()
        .map(|&(label, arguments)| {
            let all = tree(arguments, "normal,build")?;
            let with_macros = output(
                cargo()
                    .args(["tree", "--prefix", "none", "--format", "{p}"])
                    .args(["--target", "x86_64-unknown-linux-gnu", "-e", "normal,build"])
                    .args(arguments),
            )?;
            let macros: BTreeSet<&str> = with_macros
                .lines()
                .filter(|line| line.contains("(proc-macro)"))
                .map(name)
                .collect();
            Ok(Layer {
                label,
                foreign: all.len(),
                macros: macros.len(),
            })
        })
        .collect()
}

/// The table as it stands in the README.
pub(crate) fn table() -> Result<String> {
    let mut table = String::from(
        "| depend on | crates built beside ours | of them procedural macros |\n|---|---|---|\n",
    );
    for layer in count()? {
        table.push_str(&format!(
            "| {} | {} | {} |\n",
            layer.label, layer.foreign, layer.macros
        ));
    }
    Ok(table)
}

/// Prints the table.
pub(crate) fn print() -> Result<()> {
    let table = table()?;
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}

fn tree(arguments: &[&str], edges: &str) -> Result<BTreeSet<String>> {
    let text = output(
        cargo()
            .args(["tree", "--prefix", "none", "--format", "{p}", "-e", edges])
            .args(["--target", "x86_64-unknown-linux-gnu"])
            .args(arguments),
    )?;
    Ok(text
        .lines()
        .map(name)
        .filter(|name| !name.starts_with("wxpay-"))
        .map(str::to_owned)
        .collect())
}

fn name(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}
