//! Chores of the workspace: `cargo xtask <task>`.

mod bench;
mod codegen;
mod layers;
mod run;
mod tests;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  codegen [--check]  write wxpay-api from its catalogue; --check fails where the files differ
  test               every test of the workspace, both cryptography backends
  features           check each feature of each library crate alone
  tidy               dependency table, file shape, figures in the README
  layers             how many crates each layer pulls in
  bench-compile [--strict]
                     what wxpay-api costs to compile; --strict fails where a budget is exceeded";

fn main() -> ExitCode {
    // As cargo's compiler, not as a chore of its own.
    if let Some(exit) = bench::meter::run() {
        return exit;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["codegen"] => codegen::run(false),
        ["codegen", "--check"] => codegen::run(true),
        ["test", rest @ ..] => tests::test(rest),
        ["features"] => tests::features(),
        ["tidy"] => tidy::run(),
        ["layers"] => layers::print(),
        ["bench-compile"] => bench::run(false),
        ["bench-compile", "--strict"] => bench::run(true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
