//! What is due is done here: prepay, query, close, refund, apply notices, reconcile.
//!
//! Work is claimed in the database, so any number of processes do it side by side, each job by one
//! of them. A process that dies loses its jobs to the others when its lease ends. Should two do
//! the same job all the same, it is done once: WeChat Pay takes each number once, and the books
//! each event.

mod bill;

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{Instrument as _, debug, info, info_span, warn};

use crate::flow::{OrderAction, RefundAction, RefundEvent};
use crate::gateway::Said;
use crate::shop::Shop;
use crate::store::{Applied, Job, Subject};

/// How long a job is this process's, in seconds. No call to WeChat Pay takes as long.
const LEASE: i64 = 60;
/// How many jobs are done at the same time.
const AT_ONCE: usize = 8;
/// How often to look for what other processes left, or what a moved clock made due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long to wait after an error that says nothing about the subject, in seconds.
const AGAIN: i64 = 5;

/// How often to ask about a refund before its notice is applied as it is.
const PATIENCE: i64 = 5;

/// What became of a job.
enum Done {
    /// The books moved on, and have set the next job or none.
    Moved,
    /// Nothing new: to be done again at that time, in seconds since 1970.
    Again(i64),
}

/// Does what is due, until told to stop; what is under way then is finished.
pub async fn run(shop: Shop, mut stop: watch::Receiver<bool>) {
    let mut under_way = JoinSet::new();
    let mut wanted = String::new();
    while !*stop.borrow() {
        bill::want(&shop, &mut wanted).await;
        let claimed = claim(&shop, AT_ONCE - under_way.len()).await;
        let busy = !claimed.is_empty();
        for job in claimed {
            let span = info_span!("job", subject = %job.subject, number = job.number);
            under_way.spawn(work(shop.clone(), job).instrument(span));
        }
        if busy && under_way.len() < AT_ONCE {
            continue;
        }
        tokio::select! {
            Some(done) = under_way.join_next() => finished(done),
            () = shop.bell.work(), if under_way.len() < AT_ONCE => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
    while let Some(done) = under_way.join_next().await {
        finished(done);
    }
}

fn finished(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        // Whoever looks after its lease does it again.
        tracing::error!(%error, "a job broke off");
    }
}

async fn claim(shop: &Shop, limit: usize) -> Vec<Job> {
    let now = shop.now();
    let limit = i64::try_from(limit).unwrap_or(0);
    let claimed = async {
        // Looking first takes no lock.
        match shop.store.next_due().await? {
            Some(due) if due <= now && limit > 0 => shop.store.claim(now, LEASE, limit).await,
            _ => Ok(Vec::new()),
        }
    };
    claimed.await.unwrap_or_else(|error| {
        warn!(error = %chain(&error.into()), "no work to be had");
        Vec::new()
    })
}

async fn work(shop: Shop, job: Job) {
    let done = match job.subject {
        Subject::Order => order(&shop, &job).await,
        Subject::Refund => refund(&shop, &job).await,
        Subject::Notice => notice(&shop, &job).await,
        Subject::Bill => bill::reconcile(&shop, &job).await,
    };
    let due = match done {
        Ok(Done::Moved) => return shop.bell.ring(),
        Ok(Done::Again(due)) => due,
        Err(error) => {
            warn!(error = %chain(&error), "to be done again");
            shop.now() + AGAIN
        }
    };
    match shop.store.postpone(&job, due).await {
        Ok(ours) => debug!(due, ours, "put off"),
        // Then it is due again when the lease ends.
        Err(error) => warn!(error = %chain(&error.into()), "could not be put off"),
    }
}

/// An error with what is behind it, on one line.
fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

/// Places, queries or closes an order.
async fn order(shop: &Shop, job: &Job) -> Result<Done> {
    let order = shop.store.order(&job.number).await?;
    let order = order.context("there is no such order")?;
    // The time of the question, not that of the answer.
    let now = shop.now();
    let Some(action) = order.facts().action(now) else {
        return Ok(Done::Moved);
    };
    let heard = async {
        let event = match action {
            OrderAction::Prepay => return shop.prepay(&order).await,
            OrderAction::Query => shop.gateway.query(&order, now).await?,
            OrderAction::Close => shop.gateway.close(&order, now).await?,
        };
        let store = &shop.store;
        let applied = store.apply_to_order(&job.number, &event, None, shop.now());
        Ok(applied.await?)
    };
    let heard = heard.await;
    let due = order.facts().due(job.attempts, shop.now());
    Ok(done(shop, heard, due))
}

/// Requests a refund, or asks about it.
async fn refund(shop: &Shop, job: &Job) -> Result<Done> {
    let refund = shop.store.refund(&job.number).await?;
    let refund = refund.context("there is no such refund")?;
    let order = shop.store.order(&refund.asked.out_trade_no).await?;
    let order = order.context("there is no such order")?;
    let Some(action) = refund.facts().action() else {
        return Ok(Done::Moved);
    };
    let heard = async {
        let event = match action {
            RefundAction::Send => shop.gateway.refund(&order, &refund).await?,
            RefundAction::Query => shop.gateway.query_refund(&order, &refund).await?,
        };
        let store = &shop.store;
        let applied = store.apply_to_refund(&job.number, &event, None, shop.now());
        Ok(applied.await?)
    };
    let heard = heard.await;
    let due = refund.facts().due(job.attempts, shop.now());
    Ok(done(shop, heard, due))
}

/// What is to be done after that; `due` is when to try again if nothing moved.
fn done<S: fmt::Display>(shop: &Shop, heard: Result<Applied<S>>, due: Option<i64>) -> Done {
    match heard {
        Ok(Applied::Changed(state)) => {
            info!(%state, "moved");
            return Done::Moved;
        }
        Ok(Applied::Conflict(state)) => {
            warn!(%state, "WeChat Pay and the books disagree");
            // An order that is held now has no job any more, and its page shows it.
            shop.bell.ring();
        }
        Ok(Applied::Known(_) | Applied::NoSuchNumber) => {}
        Err(error) => warn!(error = %chain(&error), "nothing heard"),
    }
    due.map_or(Done::Moved, Done::Again)
}

/// Applies a stored notice, once.
async fn notice(shop: &Shop, job: &Job) -> Result<Done> {
    let notice = shop.store.notice(&job.number).await?;
    let notice = notice.context("there is no such notice")?;
    let (number, id, now) = (&notice.number, Some(notice.id.as_str()), shop.now());
    match shop.gateway.read(&notice) {
        Ok(Said::Order(event)) => {
            let applied = shop.store.apply_to_order(number, &event, id, now).await?;
            info!(number, ?applied, "notice of a payment");
        }
        Ok(Said::Refund(event)) => {
            let event = match taken(shop, number).await {
                Ok(taken) => taken.unwrap_or(event),
                Err(_) if job.attempts < PATIENCE => return Ok(Done::Again(now + AGAIN)),
                Err(_) => event,
            };
            let applied = shop.store.apply_to_refund(number, &event, id, now).await?;
            info!(number, ?applied, "notice of a refund");
        }
        Err(error) => {
            warn!(error = %chain(&error), "a notice is set aside");
            shop.store
                .set_notice_aside(&notice.id, &chain(&error), now)
                .await?;
        }
    }
    Ok(Done::Moved)
}

/// A refund whose request was never answered: no notice says when it was taken, and bills have it
/// on that day. So WeChat Pay is asked; what it says is at least as new as the notice.
async fn taken(shop: &Shop, out_refund_no: &str) -> Result<Option<RefundEvent>> {
    let refund = shop.store.refund(out_refund_no).await?;
    let Some(refund) = refund.filter(|refund| refund.accepted_at.is_none()) else {
        return Ok(None);
    };
    let order = shop.store.order(&refund.asked.out_trade_no).await?;
    let order = order.context("there is no such order")?;
    let said = shop.gateway.query_refund(&order, &refund).await?;
    Ok(Some(said).filter(|said| matches!(said, RefundEvent::Status(_))))
}
