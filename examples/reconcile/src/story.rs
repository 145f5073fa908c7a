//! A day in a shop, and the morning after it.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use example_support::{Story, midnight};
use wxpay_api::bill::{self, BillLink, TarType};
use wxpay_bill::reconcile::{
    AsEntry as _, Cause, Difference, EntryKind, OwnedEntry, Reconciler, Report,
};
use wxpay_bill::{Date, DateTime, Direction, FundFlowBill, TradeBill};
use wxpay_client::ExpectedHash;
use wxpay_sandbox::{Server, ServerConfig};

use crate::mistakes::{self, Mistake};
use crate::page::Facts;
use crate::picture::{Picture, yuan, yuan_of};
use crate::plan::{self, End};
use crate::progress::Progress;
use crate::shop::Shop;
use crate::{ledger, output};

/// Tells the story: clean books first, then books with mistakes in them.
pub(crate) async fn tell(story: &mut Story, folder: &Path) -> Result<()> {
    story.step("a day in a shop (sandbox)")?;
    let sandbox = Server::start(ServerConfig::default()).await?;
    let mut shop = Shop::open(&sandbox).await?;
    let mchid = shop.mchid().to_owned();
    let tomorrow = shop.now().date().next();
    let day = tomorrow.context("the calendar has ended")?;
    trade(story, &mut shop, day).await?;

    story.step("ten o'clock the next morning: the bill of the day (交易账单)")?;
    let next = day.next().context("the calendar has ended")?;
    let ten = midnight(next)? + 10 * 3_600;
    shop.move_clock(DateTime::beijing(ten)).await?;
    let entries = shop.books.entries(day);
    let file = folder.join("books.csv");
    ledger::write(output::create(&file)?, &entries)?;
    let (picture, report, link) = reconcile(story, &shop, day, &entries).await?;
    // The file itself is kept as well: accountants ask for it.
    let download = download(&shop, &link).await?;
    download.save_to(folder.join("bill.csv")).await?;

    story.step("the bill against the books (对账)")?;
    tell_report(story, &report)?;
    ensure!(
        report.is_clean(),
        "the books are right, and the bill differs"
    );
    let facts = Facts {
        shop: Some(&mchid),
        bill: "交易账单（下载）",
        sha1: Some(&link.hash_value),
        books: "books.csv",
        day: Some(day),
        notes: &[],
    };
    let written = output::write(&folder.join("clean"), &facts, &picture, &report)?;
    story.line(format!("wrote {}", written[2].display()))?;

    story.step("the bill against the account (资金账单)")?;
    account(story, &shop, day, &picture).await?;

    story.step("the same morning with mistakes in the books")?;
    let mistakes = mistakes::plant(&mut shop.books, day)?;
    for mistake in &mistakes {
        story.line(format!("{} ({})", mistake.story, mistake.number))?;
    }
    let entries = shop.books.entries(day);
    let (picture, report, link) = reconcile(story, &shop, day, &entries).await?;
    tell_report(story, &report)?;
    check(&mistakes, &report)?;
    story.line("found: precisely these, and nothing else")?;

    story.step("asking WeChat Pay about them (查询订单)")?;
    let mut notes = Vec::new();
    for difference in report.differences() {
        if let Some(note) = look_into(&shop, difference).await? {
            story.line(format!("{}: {}", difference.number, note.english))?;
            notes.push((difference.kind, difference.number.clone(), note.chinese));
        }
    }
    let facts = Facts {
        sha1: Some(&link.hash_value),
        notes: &notes,
        books: "有错误的账",
        ..facts
    };
    let written = output::write(&folder.join("mistakes"), &facts, &picture, &report)?;
    for path in written {
        story.line(format!("wrote {}", path.display()))?;
    }
    sandbox.shutdown().await;
    story.end("a clean day is clean, and every mistake was found: to the fen.")
}

async fn trade(story: &mut Story, shop: &mut Shop, day: Date) -> Result<()> {
    let (sales, events) = plan::day();
    let bar = Progress::steps("trading", events.len() as u64);
    shop.trade(day, &sales, &events, || bar.step()).await?;
    bar.clear();
    let closed = sales.iter().filter(|sale| sale.end == End::Closed).count();
    let reversed = sales
        .iter()
        .filter(|sale| sale.end == End::Reversed)
        .count();
    story.line(format!(
        "{day}: {} orders, {closed} of them closed unpaid, {reversed} reversed at the counter, {} refunds",
        sales.len(),
        shop.books.refunds.len()
    ))
}

/// Asks for the bill and begins to download it. The link is good for five minutes.
async fn link(shop: &Shop, day: Date) -> Result<BillLink> {
    let request = bill::TradeBill::new(day).tar_type(TarType::Gzip);
    Ok(shop.client.execute(&request).await?.into_value())
}

async fn download(shop: &Shop, link: &BillLink) -> Result<wxpay_client::Download> {
    let hash = ExpectedHash::new(link.hash_type.as_str(), &link.hash_value)?;
    Ok(shop.client.download(&link.download_url, hash).await?)
}

/// The bill as it comes from the network, against the books: no row of it is kept.
async fn reconcile(
    story: &mut Story,
    shop: &Shop,
    day: Date,
    books: &[OwnedEntry],
) -> Result<(Picture, Report, BillLink)> {
    let link = link(shop, day).await?;
    let progress = Progress::new("bill", None);
    let bar = progress.clone();
    // The download compares the hash, and the bill its rows with its summary: both at the end, so what is done with rows
    // before that can be thrown away.
    let mut bill = TradeBill::from_async_reader(download(shop, &link).await?)
        .on_progress(move |progress| bar.reached(progress.text_bytes, progress.rows));
    let mut reconciler = Reconciler::new();
    let mut picture = Picture::default();
    while let Some(row) = bill.next_row().await? {
        picture.add(&row);
        reconciler.push_bill(row.entry())?;
    }
    story.line(progress.end(bill.rows()))?;
    for entry in books {
        reconciler.push_books(entry.as_entry())?;
    }
    let mut report = Report::new().day(day);
    reconciler.finish(|outcome| report.add(&outcome))?;
    Ok((picture, report, link))
}

fn tell_report(story: &mut Story, report: &Report) -> Result<()> {
    for line in report.to_string().lines() {
        story.line(line)?;
    }
    Ok(())
}

/// What the trades come to must have moved on the account.
async fn account(story: &mut Story, shop: &Shop, day: Date, picture: &Picture) -> Result<()> {
    let request = bill::FundFlowBill::new(day).tar_type(TarType::Gzip);
    let link = shop.client.execute(&request).await?.into_value();
    let mut bill = FundFlowBill::from_async_reader(download(shop, &link).await?);
    let (mut balance, mut closing) = (0, None);
    while let Some(flow) = bill.next_row().await? {
        let amount = i128::from(flow.amount().as_fen());
        match flow.direction() {
            Direction::Income => balance += amount,
            Direction::Expense => balance -= amount,
            other => bail!("money that went {other}"),
        }
        closing = flow.balance().or(closing);
    }
    let net = picture.all.net();
    ensure!(
        balance * 1_000 == net,
        "{} moved on the account, and the trades come to {}",
        yuan(balance * 1_000),
        yuan(net)
    );
    story.line(format!(
        "{} movements: +{} −{} −{} = {} yuan, as the trades say; {} are on the account",
        bill.rows(),
        yuan_of(picture.all.paid.sum),
        yuan_of(picture.all.back.sum),
        yuan(picture.all.fee),
        yuan(net),
        yuan_of(closing.unwrap_or_default().into())
    ))
}

/// Every mistake is a difference, and every difference a mistake.
fn check(mistakes: &[Mistake], report: &Report) -> Result<()> {
    let found = report.differences();
    for mistake in mistakes {
        ensure!(
            found.iter().any(|difference| mistake.is(difference)),
            "not found: {} ({})",
            mistake.story,
            mistake.number
        );
    }
    for difference in found {
        ensure!(
            mistakes.iter().any(|mistake| mistake.is(difference)),
            "found, and never planted: {difference}"
        );
    }
    ensure!(found.len() == mistakes.len(), "a mistake was found twice");
    Ok(())
}

struct Note {
    english: String,
    chinese: String,
}

/// What a shop does about a difference: it asks. Amounts that differ and duplicates are its own to explain.
async fn look_into(shop: &Shop, difference: &Difference) -> Result<Option<Note>> {
    let missing = matches!(
        difference.cause,
        Cause::MissingInBill | Cause::MissingInBooks
    );
    if !missing || difference.kind != EntryKind::Payment {
        return Ok(None);
    }
    let answer = shop.query(&difference.number).await?;
    let known = match shop.books.orders.get(&difference.number) {
        None => ("the books have no such order", "商户账无此订单"),
        Some(order) if order.paid.is_none() => ("the books have it unpaid", "商户账为未支付"),
        Some(_) => ("the books have it paid", "商户账为已支付"),
    };
    let state = &answer.trade_state;
    let said = match answer.success_time {
        Some(time) => format!("{state}, {}", time.to_beijing().spaced()),
        None => state.to_string(),
    };
    Ok(Some(Note {
        english: format!("{}, WeChat Pay says {said}", known.0),
        chinese: format!("{}；微信查单：{said}", known.1),
    }))
}
