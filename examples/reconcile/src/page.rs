//! The page of the day (对账日报): one file, which needs nothing from elsewhere.

use std::cmp::Reverse;

use anyhow::Result;
use wxpay_bill::Date;
use wxpay_bill::reconcile::{Category, Cause, Difference, EntryKind, Found, Report, Side, Tally};

use crate::chart;
use crate::html::Html;
use crate::picture::{Hour, Moved, Picture, grouped, rounded_yuan, yuan, yuan_of};

/// So many differences are on the page; the table of them beside it has more.
const MOST_DIFFERENCES: usize = 500;

/// What the page says of where all this comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// 商户号.
    pub(crate) shop: Option<&'a str>,
    pub(crate) bill: &'a str,
    /// The hash that the bill was found to have.
    pub(crate) sha1: Option<&'a str>,
    pub(crate) books: &'a str,
    /// Where the rows of the bill shall not tell it.
    pub(crate) day: Option<Date>,
    /// What the shop has found out about differences, by kind and number.
    pub(crate) notes: &'a [(EntryKind, String, String)],
}

/// Writes the page.
pub(crate) fn day(facts: &Facts<'_>, picture: &Picture, report: &Report) -> Result<String> {
    let mut html = Html::default();
    let days = days(facts, picture);
    html.raw("<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        // Should a text get through unescaped after all, it is not run.
        .raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
        .element("<title>对账日报 ", &days, "</title>\n<style>\n")
        .raw(include_str!("page.css"))
        .raw("</style>\n<main>\n");
    head(&mut html, facts, &days, report);
    sums(&mut html, &picture.all);
    hours(&mut html, &picture.hours);
    types(&mut html, picture);
    result(&mut html, report);
    differences(&mut html, facts, report);
    foot(&mut html, facts, picture);
    html.raw("</main>\n</html>\n");
    Ok(html.into_string())
}

fn days(facts: &Facts<'_>, picture: &Picture) -> String {
    match (facts.day, picture.days) {
        (Some(day), _) => day.to_string(),
        (None, Some((first, last))) if first == last => first.to_string(),
        (None, Some((first, last))) => format!("{first} 至 {last}"),
        (None, None) => "无交易".to_owned(),
    }
}

fn count(report: &Report) -> u64 {
    Cause::ALL.iter().map(|cause| report.count(*cause)).sum()
}

fn head(html: &mut Html, facts: &Facts<'_>, days: &str, report: &Report) {
    html.element("<header><div><h1>对账日报 ", days, "</h1>");
    if let Some(shop) = facts.shop {
        html.element("<p>商户号 ", shop, "</p>");
    }
    html.raw("</div>");
    if report.is_clean() {
        html.raw("<div class=\"verdict clean\">✓ 账平，无差异</div>");
    } else {
        html.element(
            "<div class=\"verdict\">差异 ",
            grouped(count(report)),
            " 笔</div>",
        );
    }
    html.raw("</header>\n");
}

fn sums(html: &mut Html, all: &Moved) {
    let tally = |tally: &Tally| (format!("{} 笔", grouped(tally.count)), yuan_of(tally.sum));
    let (paid, back) = (tally(&all.paid), tally(&all.back));
    html.raw("<section class=\"sums\">");
    for (name, more, amount) in [
        ("收款", paid.0.as_str(), paid.1),
        ("退款与撤销", back.0.as_str(), back.1),
        ("手续费", "已扣返还", rounded_yuan(all.fee)),
        ("净额", "收款 − 退款 − 手续费", rounded_yuan(all.net())),
    ] {
        // A million has more digits than fit a card.
        let class = if amount.len() > 12 { "long" } else { "" };
        html.element("<div><span>", name, "</span><b class=\"")
            .element("", class, "\">¥")
            .element("", amount, "</b>")
            .element("<span>", more, "</span></div>");
    }
    html.raw("</section>\n");
}

fn hours(html: &mut Html, hours: &[Hour; 24]) {
    html.raw("<section><span class=\"legend\"><i class=\"paid\"></i>收款<i class=\"back\"></i>退款</span>")
        .raw("<h2>分时收款（元）</h2>")
        .append(&chart::draw(hours, chart::WIDE))
        .append(&chart::draw(hours, chart::NARROW))
        .raw("<details><summary>分时明细</summary><div class=\"scroll\"><table><thead><tr><th>时段<th class=\"n\">收款笔数<th class=\"n\">收款<th class=\"n\">退款笔数<th class=\"n\">退款</thead><tbody>");
    for (number, hour) in hours.iter().enumerate() {
        if hour.paid.count + hour.back.count == 0 {
            continue;
        }
        html.element("<tr><td>", format_args!("{number:02}:00"), "</td>");
        for tally in [&hour.paid, &hour.back] {
            html.element("<td class=\"n\">", grouped(tally.count), "</td>");
            html.element("<td class=\"n\">", yuan_of(tally.sum), "</td>");
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table></div></details></section>\n");
}

fn types(html: &mut Html, picture: &Picture) {
    html.raw("<section><h2>按交易类型</h2><div class=\"scroll\"><table class=\"cards\"><thead><tr><th>交易类型<th class=\"n\">收款<th class=\"n\">退款<th class=\"n\">手续费<th class=\"n\">净额</thead><tbody>");
    let mut types: Vec<_> = picture.types.iter().collect();
    types.sort_by_key(|(_, moved)| Reverse(moved.paid.sum));
    for (name, moved) in types {
        html.element("<tr><td>", chinese_type(name), "")
            .element("<small>", name, "</small></td>");
        moved_cells(html, moved);
    }
    html.raw("</tbody><tfoot><tr><td>合计</td>");
    moved_cells(html, &picture.all);
    html.raw("</tfoot></table></div>");
    if let Some(largest) = &picture.largest {
        html.element(
            "<p class=\"note\">最大一笔：¥",
            yuan_of(largest.amount.into()),
            "，",
        )
        .element("", &largest.description, "，")
        .element("<span class=\"no\">", &largest.number, "</span></p>");
    }
    html.raw("</section>\n");
}

fn moved_cells(html: &mut Html, moved: &Moved) {
    tally_cell(html, "收款", &moved.paid);
    tally_cell(html, "退款", &moved.back);
    for (name, amount) in [("手续费", moved.fee), ("净额", moved.net())] {
        html.element("<td class=\"n\" data-name=\"", name, "\">")
            .element("", yuan(amount), "</td>");
    }
    html.raw("</tr>");
}

/// A sum, and below it how many it is of. On a phone the name stands beside it.
fn tally_cell(html: &mut Html, name: &'static str, tally: &Tally) {
    html.element("<td class=\"n\" data-name=\"", name, "\"><span>")
        .element("", yuan_of(tally.sum), "")
        .element("<small>", grouped(tally.count), " 笔</small></span></td>");
}

fn chinese_type(name: &str) -> &str {
    match name {
        "JSAPI" => "公众号、小程序",
        "NATIVE" => "扫码",
        "APP" => "App",
        "MICROPAY" => "付款码",
        "MWEB" => "H5",
        "FACEPAY" => "刷脸",
        _ => "其他",
    }
}

fn result(html: &mut Html, report: &Report) {
    html.raw("<section><h2>对账结果</h2><div class=\"scroll\"><table><thead><tr><th>类型<th class=\"n\">账单<th class=\"n\">商户账<th class=\"n\">一致<th class=\"n\">差异</thead><tbody>");
    for kind in EntryKind::ALL {
        let [bill, books] = [Side::Bill, Side::Books].map(|side| report.total(side, kind));
        if bill.count + books.count == 0 {
            continue;
        }
        html.element("<tr><td>", kind.chinese_name(), "</td>");
        tally_cell(html, "账单", &bill);
        tally_cell(html, "商户账", &books);
        let matched = report.tally(Side::Bill, kind, Category::Matched);
        html.element("<td class=\"n\">", grouped(matched.count), "</td>");
        match differing(report, kind) {
            0 => html.raw("<td class=\"n soft\">0</td></tr>"),
            count => html.element("<td class=\"n bad\">", grouped(count), "</td></tr>"),
        };
    }
    html.raw("</tbody></table></div></section>\n");
}

/// How many differences there are of a kind. What a side has more than once is counted by the differences that were
/// kept; the rest is counted in any case.
fn differing(report: &Report, kind: EntryKind) -> u64 {
    let count = |side, category| report.tally(side, kind, category).count;
    let mut kept = report.differences().iter();
    let mut duplicates = 0;
    while kept.any(|it| it.kind == kind && it.cause == Cause::Duplicate) {
        duplicates += 1;
    }
    count(Side::Bill, Category::Missing)
        + count(Side::Books, Category::Missing)
        + count(Side::Bill, Category::Differs)
        + duplicates
}

fn differences(html: &mut Html, facts: &Facts<'_>, report: &Report) {
    if report.is_clean() {
        return;
    }
    html.raw("<section><h2>差异明细</h2><div class=\"scroll\"><table class=\"cards differences\"><thead><tr><th>原因<th>类型<th>商户单号<th class=\"n\">账单（元）<th class=\"n\">商户账（元）<th>时间<th>说明</thead><tbody>");
    for difference in report.differences().iter().take(MOST_DIFFERENCES) {
        let (cause, why) = cause(difference);
        let found = [&difference.bill, &difference.books];
        let time = found.iter().find_map(|found| found.first.as_ref()?.time);
        let time = time.map_or_else(String::new, |time| time.spaced().to_string());
        html.element(
            "<tr><td data-name=\"原因\"><span class=\"tag\">",
            cause,
            "</span></td>",
        )
        .element(
            "<td data-name=\"类型\">",
            difference.kind.chinese_name(),
            "</td>",
        )
        .element(
            "<td data-name=\"商户单号\"><span class=\"no\">",
            &difference.number,
            "</span></td>",
        )
        .element(
            "<td class=\"n\" data-name=\"账单（元）\">",
            amounts(&difference.bill),
            "</td>",
        )
        .element(
            "<td class=\"n\" data-name=\"商户账（元）\">",
            amounts(&difference.books),
            "</td>",
        )
        .element("<td data-name=\"时间\">", time, "</td>")
        .element("<td data-name=\"说明\"><span>", why, "");
        let mut notes = facts.notes.iter();
        let note = notes
            .find(|(kind, number, _)| *kind == difference.kind && *number == difference.number);
        if let Some((.., note)) = note {
            html.element("<br><span class=\"soft\">", note, "</span>");
        }
        html.raw("</span></td></tr>");
    }
    html.raw("</tbody></table></div>");
    let more = count(report).saturating_sub(MOST_DIFFERENCES as u64);
    if more > 0 {
        html.element(
            "<p class=\"note\">另有 ",
            grouped(more),
            " 笔，见 differences.csv。</p>",
        );
    }
    html.raw("</section>\n");
}

/// What a difference is called, and what that means.
fn cause(difference: &Difference) -> (&'static str, String) {
    let likely = |side: &str| match difference.likely {
        Some(day) => format!("，可能在 {day} 的{side}"),
        None => String::new(),
    };
    let meaning = match difference.cause {
        Cause::MissingInBooks => format!("账单有，商户账无{}", likely("商户账")),
        Cause::MissingInBill => format!("商户账有，账单无{}", likely("账单")),
        Cause::Duplicate => {
            let [bill, books] = [&difference.bill, &difference.books].map(|it| it.tally.count);
            format!("账单 {bill} 笔，商户账 {books} 笔")
        }
        // Causes to come are likely of this sort.
        _ => differs(difference),
    };
    (difference.cause.chinese_name(), meaning)
}

fn differs(difference: &Difference) -> String {
    let (Some(bill), Some(books)) = (&difference.bill.first, &difference.books.first) else {
        return String::new();
    };
    let mut why = Vec::new();
    if difference.fields.amount {
        let by = i128::from(bill.amount.as_fen()) - i128::from(books.amount.as_fen());
        let sign = if by > 0 { "多" } else { "少" };
        why.push(format!("账单{sign} {}", yuan(by.abs() * 1_000)));
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if difference.fields.state {
        why.push(format!(
            "状态：账单 {}，商户账 {}",
            text(&bill.state),
            text(&books.state)
        ));
    }
    if difference.fields.id {
        why.push(format!(
            "微信单号：账单 {}，商户账 {}",
            text(&bill.id),
            text(&books.id)
        ));
    }
    why.join("；")
}

fn amounts(found: &Found) -> String {
    match found.tally.count {
        0 => "—".to_owned(),
        1 => yuan_of(found.tally.sum),
        count => format!("{} ({count} 笔)", yuan_of(found.tally.sum)),
    }
}

fn foot(html: &mut Html, facts: &Facts<'_>, picture: &Picture) {
    html.element("<footer><p>账单：", facts.bill, "");
    if let Some(sha1) = facts.sha1 {
        html.element("，SHA-1 <span class=\"no\">", sha1, "</span> 相符");
    }
    html.raw("，汇总与明细相符</p>")
        .element("<p>商户账：", facts.books, "</p>");
    if picture.all.paid.count > 0 {
        html.raw("<p>收款为应结订单金额，退款为实际退款金额；时间为北京时间。</p>");
    }
    html.raw("</footer>\n");
}
