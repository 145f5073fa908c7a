//! The tests of the workspace, and its features one by one.

use anyhow::Result;

use crate::run::{cargo, step};

/// Every test. In a build of the whole workspace both cryptography backends are compiled in, and the
/// tests of `wxpay-sign` and `wxpay-proto` go through `Backend::all()`; the runs after it prove that
/// each backend also stands alone.
pub(crate) fn test(rest: &[&str]) -> Result<()> {
    step(cargo().args(["test", "--workspace", "--quiet"]).args(rest))?;
    for backend in ["rustcrypto", "aws-lc-rs"] {
        step(
            cargo()
                .args(["test", "--quiet", "-p", "wxpay-sign", "-p", "wxpay-proto"])
                .args(["--no-default-features", "--features", backend])
                .args(["--lib", "--tests"])
                .args(rest),
        )?;
    }
    Ok(())
}

/// `cargo check` of each feature of each library crate, alone.
pub(crate) fn features() -> Result<()> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(crate::run::root())
        .no_deps()
        .exec()?;
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if !name.starts_with("wxpay-") {
            continue;
        }
        let mut features: Vec<&str> = package
            .features
            .keys()
            .map(String::as_str)
            .filter(|feature| *feature != "default")
            .collect();
        features.sort_unstable();
        // A backend is needed for these two to mean anything; every other crate stands without features.
        if !matches!(name, "wxpay-sign" | "wxpay-proto") {
            step(cargo().args(["check", "--quiet", "-p", name, "--no-default-features"]))?;
        }
        for feature in features {
            let mut command = cargo();
            command.args(["check", "--quiet", "-p", name, "--no-default-features"]);
            command.args(["--features", feature]);
            step(&mut command)?;
        }
    }
    Ok(())
}
