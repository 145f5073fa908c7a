//! Proves that the shop loses nothing and doubles nothing: `cargo run -p merchant --bin chaos`.
//!
//! Many customers buy in a shop whose WeChat Pay, a sandbox in this process, does everything wrong
//! that it can, while the shop's processes are killed with SIGKILL again and again. Then everything
//! goes right for a while, and every order, every refund and the day's bill are compared, in the
//! shop, at WeChat Pay and as the customers saw it: to the fen.
//!
//! | | |
//! |---|---|
//! | `arguments` | what can be asked for |
//! | `world` | the sandbox, its clock, and what it does wrong |
//! | `shops` | the shop's processes: started, killed, started again |
//! | `balancer` | one address for all of them |
//! | `plan` | what each customer is going to do; follows from the seed |
//! | `browser`, `customer` | what customers do and see |
//! | `end` | until everything is final, and the bill is read |
//! | `audit`, `books`, `bill` | the comparison |
//! | `report` | what is told, and the exit code |

mod arguments;
mod audit;
mod balancer;
mod bill;
mod books;
mod browser;
mod customer;
mod end;
mod plan;
mod report;
mod shops;
mod world;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;
use example_support::{Http, told_to_stop};
use merchant::store::Store;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::arguments::{Arguments, Database, NoPostgres};
use crate::customer::Purchase;
use crate::plan::Plan;
use crate::report::{Findings, Report};
use crate::shops::Shops;
use crate::world::World;

/// How long a tool that looks into the books waits for a lock.
const PATIENCE: Duration = Duration::from_secs(20);

/// What all parts of the run share.
struct Run {
    arguments: Arguments,
    world: World,
    database: Database,
    shops: Shops,
    http: Http,
    findings: Findings,
    /// How many customers are through.
    through: AtomicUsize,
}

fn main() -> ExitCode {
    // This program is the shop as well: so the one that runs is always the one that was built.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|it| it == shops::SHOP)
    {
        return shops::be_a_shop();
    }
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return report::failed(&error.into()),
    };
    let result = runtime.block_on(async {
        tokio::select! {
            result = chaos(arguments) => result,
            _ = told_to_stop() => bail!("interrupted"),
        }
    });
    match result {
        Ok(report) => report.tell(),
        Err(error) if error.is::<NoPostgres>() => {
            let _ = report::failed(&error);
            ExitCode::from(3)
        }
        Err(error) => report::failed(&error),
    }
}

async fn chaos(arguments: Arguments) -> Result<Report> {
    let begun = Instant::now();
    let folder = tempfile::Builder::new().prefix("chaos-").tempdir()?;
    let database = Database::prepare(&arguments, folder.path()).await?;
    let findings = Findings::default();
    let world = World::start(folder.path(), arguments.seed).await?;
    let shops = Shops::start(
        &arguments,
        folder.path(),
        &database.url,
        world.home(),
        findings.clone(),
    )
    .await?;
    let run = Arc::new(Run {
        arguments,
        world,
        database,
        shops,
        http: Http::new(),
        findings,
        through: AtomicUsize::new(0),
    });
    let mut result = story(&run, begun).await;
    run.shops.end().await;
    run.shops.look_for_panics();
    if let Ok(report) = &mut result {
        report.differences = run.findings.all();
    }
    if !matches!(&result, Ok(report) if report.is_clean()) {
        keep(folder);
    }
    result
}

/// For whoever looks for the cause.
fn keep(folder: TempDir) {
    let folder = folder.keep();
    eprintln!("chaos: logs and books are left in {}", folder.display());
}

async fn story(run: &Arc<Run>, begun: Instant) -> Result<Report> {
    run.shops.wait_until_up(&run.http).await?;
    let store = Store::connect(&run.database.url, PATIENCE)
        .await
        .context("the shop's database")?;
    run.world.begin_faults().await?;
    let trading_day = run.world.day();

    let mut background = JoinSet::new();
    for task in 0..4 {
        let run = Arc::clone(run);
        background.spawn(async move {
            match task {
                0 => run.world.let_time_pass().await,
                1 => {
                    let (seed, shops) = (run.arguments.seed, &run.shops);
                    shops.kill_at_random(seed, &run.http, &run.database).await;
                }
                2 => {
                    let through = &run.through;
                    run.world
                        .weather(through, &run.arguments, &run.findings)
                        .await
                }
                _ => progress(&run, begun).await,
            }
        });
    }
    let purchases = customers(run, &mut background).await?;
    background.shutdown().await;

    eprintln!("chaos: all customers are through; faults off, no more kills");
    let faults = run.world.end_faults().await?;
    run.shops.all_up();
    run.shops.wait_until_up(&run.http).await?;
    end::settle(run, &store).await?;
    if run.world.day() != trading_day {
        bail!("the day was too short for so many payments: ask for fewer");
    }
    let damages = end::next_morning(run, &store, trading_day).await?;

    eprintln!("chaos: comparing");
    let totals = audit::compare(run, &store, trading_day, &purchases).await?;
    Ok(Report {
        arguments: run.arguments.clone(),
        took: begun.elapsed(),
        totals,
        faults: faults.into_iter().chain(damages).collect(),
        kills: run.shops.kills(),
        answers: run.findings.answers(),
        differences: Vec::new(),
    })
}

/// Lets so many buy at the same time, until all have.
async fn customers(run: &Arc<Run>, background: &mut JoinSet<()>) -> Result<Vec<Purchase>> {
    let Arguments {
        payments,
        customers,
        seed,
        ..
    } = run.arguments;
    let doors = Arc::new(Semaphore::new(customers));
    let mut buying = JoinSet::new();
    for index in 0..payments {
        let (run, doors) = (Arc::clone(run), Arc::clone(&doors));
        buying.spawn(async move {
            let _inside = doors.acquire().await?;
            let purchase = customer::buy(&run, Plan::of(seed, index)).await;
            run.through.fetch_add(1, Ordering::Relaxed);
            purchase
        });
    }
    let mut purchases = Vec::new();
    loop {
        tokio::select! {
            purchase = buying.join_next() => match purchase {
                Some(purchase) => purchases.push(purchase??),
                None => return Ok(purchases),
            },
            // They end by breaking down only.
            Some(ended) = background.join_next() => {
                ended?;
                bail!("a part of the run ended early");
            }
        }
    }
}

/// A line every few seconds.
async fn progress(run: &Run, begun: Instant) {
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let (kills, ends, crashes) = run.shops.kills();
        eprintln!(
            "chaos: {:>4} s  {:>5} of {} payments  {kills} kills, {ends} stops, {crashes} crashes  {} in the shop",
            begun.elapsed().as_secs(),
            run.through.load(Ordering::Relaxed),
            run.arguments.payments,
            run.world.time(),
        );
    }
}
