//! What the people of the shop see.

use anyhow::Context as _;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Redirect;
use example_support::Controls;
use maud::{Markup, html};
use wxpay_bill::{Date, DateTime};

use super::Web;
use super::page::{page as layout, time, yuan};
use super::trouble::Trouble;
use crate::flow::{OrderState, RefundState};
use crate::goods;
use crate::store::{Bill, FoundDifference, Order, Refund};

/// The most rows of a table.
const ROWS: i64 = 100;

/// The latest of everything, what has to be looked at first.
pub(super) async fn page(State(web): State<Web>) -> Result<Markup, Trouble> {
    let store = &web.shop.store;
    let (bills, differences) = (store.bills(ROWS).await?, store.differences(ROWS).await?);
    let (orders, refunds) = (store.orders(ROWS).await?, store.refunds(ROWS).await?);
    let yesterday = Date::of(DateTime::beijing(web.shop.now())).previous();
    let yesterday = yesterday.map_or_else(String::new, |day| day.to_string());
    let content = html! {
        div .operator {
            h1 { "店务" }
            (summary(&yesterday, &bills, &differences))
            @if web.sandbox.is_some() {
                form method="post" action="/operator/tomorrow" {
                    button { "把沙箱的时钟拨到明天上午十点" }
                }
            }
            (differences_table(&differences))
            (bills_table(&bills))
            (orders_table(&orders))
            (refunds_table(&refunds))
        }
    };
    Ok(layout("店务", None, &content))
}

/// A person has dealt with a difference. Doing it twice is no error.
pub(super) async fn settle(
    State(web): State<Web>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Redirect, Trouble> {
    let Path(id) = id.map_err(|_| Trouble::not_found())?;
    web.shop.store.settle_difference(id, web.shop.now()).await?;
    Ok(Redirect::to("/operator"))
}

/// Moves the sandbox's clock to ten o'clock of tomorrow, when today's bill is there.
pub(super) async fn tomorrow(State(web): State<Web>) -> Result<Redirect, Trouble> {
    let sandbox = web.sandbox.as_deref().ok_or_else(Trouble::not_found)?;
    let moved = async {
        let today = Date::of(DateTime::beijing(web.shop.now()));
        let tomorrow = today.next().context("the calendar has ended")?;
        let ten = format!("{tomorrow}T10:00:00+08:00").parse()?;
        Controls::at(sandbox).move_clock(ten).await
    };
    match moved.await {
        Ok(_) => Ok(Redirect::to("/operator")),
        Err(error) => Err(Trouble::busy(&format_args!("{error:#}"))),
    }
}

fn summary(yesterday: &str, bills: &[Bill], differences: &[FoundDifference]) -> Markup {
    let open = differences.iter().filter(|one| one.settled_at.is_none());
    let open = open.count();
    let done = bills
        .iter()
        .any(|bill| bill.day == yesterday && bill.finished_at.is_some());
    let found = differences
        .iter()
        .filter(|one| one.day == yesterday)
        .count();
    html! {
        section .card .summary {
            p {
                "昨天（" (yesterday) "）："
                @if !done { strong { "还没有对账" } }
                @else if found == 0 { strong .good { "对账一致" } }
                @else { strong .bad { "有 " (found) " 处差异" } }
            }
            p {
                @if open == 0 { "没有要处理的差异。" }
                @else { "一共有 " strong .bad { (open) } " 处差异要处理。" }
            }
        }
    }
}

/// A table in a card; on a phone it scrolls. Columns that begin with `#` hold numbers.
fn table<T>(title: &str, columns: &[&str], rows: &[T], row: impl Fn(&T) -> Markup) -> Markup {
    html! {
        section .card {
            h2 { (title) }
            @if rows.is_empty() {
                p .quiet { "还没有" }
            } @else {
                div .scroll tabindex="0" role="region" aria-label=(title) {
                    table {
                        thead {
                            tr {
                                @for column in columns {
                                    @let name = column.trim_start_matches('#');
                                    th scope="col" .number[name != *column] { (name) }
                                }
                            }
                        }
                        tbody { @for one in rows { tr { (row(one)) } } }
                    }
                }
            }
        }
    }
}

fn differences_table(differences: &[FoundDifference]) -> Markup {
    let columns = ["", "差异", "单号", "说明", "账单日", "发现时间"];
    table("差异", &columns, differences, |found| {
        html! {
            td {
                @if let Some(at) = found.settled_at {
                    span .quiet { "已处理 " (time(at)) }
                } @else {
                    form method="post" action={ "/operator/differences/" (found.id) "/settle" } {
                        button { "已处理" }
                    }
                }
            }
            td { (kind(&found.difference.kind)) }
            td { code { (found.difference.number) } }
            td .wide { (found.difference.detail) }
            td { @if found.day.is_empty() { "通知、查询" } @else { (found.day) } }
            td { (time(found.found_at)) }
        }
    })
}

/// What an operator calls a difference.
fn kind(kind: &str) -> &str {
    match kind {
        "AMOUNT" | "REFUND_AMOUNT" => "金额不符",
        "PAID_TWICE" => "重复付款",
        "REFUNDED_TWICE" => "重复退款",
        "REFUND_STATE" => "退款状态不符",
        "NO_ORDER" => "没有这个订单",
        "NO_REFUND" => "没有这笔退款",
        "NOTICE" => "通知无法处理",
        "MISSING_IN_BILL" => "短款",
        "MISSING_IN_BOOKS" => "长款",
        "DIFFERS" => "账单不符",
        "DUPLICATE" => "账单重复",
        other => other,
    }
}

fn bills_table(bills: &[Bill]) -> Markup {
    let columns = ["账单日", "状态", "#付款", "#金额", "#退款", "#金额"];
    table("对账单", &columns, bills, |bill| {
        let totals = &bill.totals;
        html! {
            td { (bill.day) }
            td {
                @if let Some(at) = bill.finished_at { "已对账 " (time(at)) } @else { "等待对账" }
            }
            td .number { (totals.payments) " 笔" }
            td .number { (yuan(totals.paid)) }
            td .number { (totals.refunds) " 笔" }
            td .number { (yuan(totals.refunded)) }
        }
    })
}

fn orders_table(orders: &[Order]) -> Markup {
    let columns = [
        "状态",
        "订单号",
        "商品",
        "#合计",
        "#退款",
        "下单时间",
        "付款时间",
    ];
    table("订单", &columns, orders, |order| {
        let placed = &order.placed;
        let name = goods::find(&placed.goods).map_or(placed.goods.as_str(), |goods| goods.name);
        html! {
            td { span .badge .(order.state.as_str().to_lowercase()) { (order_words(order.state)) } }
            td { code { (placed.out_trade_no) } }
            td { (name) " × " (placed.quantity) }
            td .number { (yuan(placed.total)) }
            td .number { (yuan(order.refunded)) }
            td { (time(order.created_at)) }
            td { @if let Some(at) = order.paid_at { (time(at)) } }
        }
    })
}

const fn order_words(state: OrderState) -> &'static str {
    match state {
        OrderState::Placed => "下单中",
        OrderState::Paying => "待支付",
        OrderState::Paid => "已支付",
        OrderState::Closed => "已关闭",
        OrderState::Held => "金额不符",
    }
}

fn refunds_table(refunds: &[Refund]) -> Markup {
    let columns = ["状态", "退款单号", "订单号", "#金额", "原因", "申请时间"];
    table("退款", &columns, refunds, |refund| {
        html! {
            td { span .badge .(refund.state.as_str().to_lowercase()) { (refund_words(refund.state)) } }
            td { code { (refund.asked.out_refund_no) } }
            td { code { (refund.asked.out_trade_no) } }
            td .number { (yuan(refund.asked.amount)) }
            td .wide { (refund.asked.reason) }
            td { (time(refund.created_at)) }
        }
    })
}

const fn refund_words(state: RefundState) -> &'static str {
    match state {
        RefundState::Reserved => "待发送",
        RefundState::Processing => "处理中",
        RefundState::Abnormal => "退款异常",
        RefundState::Success => "已退款",
        RefundState::Closed => "已关闭",
        RefundState::Refused => "被拒绝",
    }
}
