//! The tests of the workspace, and its features one by one.

use anyhow::Result;

use crate::run::{cargo, step};

/// The features of `wxpay-sign` and `wxpay-proto` that choose what does the cryptography.
const BACKENDS: [&str; 2] = ["rustcrypto", "aws-lc-rs"];

/// Every test. In a build of the whole workspace both cryptography backends are compiled in, and the
/// tests of `wxpay-sign` and `wxpay-proto` go through `Backend::all()`; the runs after it prove that
/// each backend also stands alone.
pub(crate) fn test(rest: &[&str]) -> Result<()> {
    // What no other crate of the workspace asks for and has tests of its own.
    let asked = ["--features", "wxpay-client/axum"];
    step(
        cargo()
            .args(["test", "--workspace", "--quiet"])
            .args(asked)
            .args(rest),
    )?;
    for backend in BACKENDS {
        let features = format!("{backend},wxpay-proto/v1,wxpay-proto/v2");
        step(
            cargo()
                .args(["test", "--quiet", "-p", "wxpay-sign", "-p", "wxpay-proto"])
                .args(["--no-default-features", "--features", &features])
                .args(["--lib", "--tests"])
                .args(rest),
        )?;
    }
    Ok(())
}

/// `cargo check` of each feature of each library crate, alone. For a family of `wxpay-api` that takes a
/// second, because nothing but that family is compiled anew; groups of families take longer.
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
            // A feature that begins with `_` means nothing alone.
            .filter(|feature| *feature != "default" && !feature.starts_with('_'))
            .collect();
        features.sort_unstable();
        // These three leave the choice of the cryptography backend to whoever depends on them, and
        // mean nothing without one.
        let backend = match name {
            "wxpay-sign" | "wxpay-proto" => None,
            "wxpay-api" => Some("wxpay-proto/rustcrypto"),
            _ => Some(""),
        };
        let alone = features.iter().map(|feature| match backend {
            None if !BACKENDS.contains(feature) => format!("{feature} {}", BACKENDS[0]),
            _ => (*feature).to_owned(),
        });
        let combinations: Vec<String> = match backend {
            None => alone.collect(),
            Some(backend) => std::iter::once(backend.to_owned())
                .chain(alone.map(|feature| format!("{feature} {backend}")))
                .collect(),
        };
        for features in combinations {
            let mut command = cargo();
            command.args(["check", "--quiet", "-p", name, "--no-default-features"]);
            command.args(["--features", features.trim()]);
            step(&mut command)?;
        }
    }
    Ok(())
}
