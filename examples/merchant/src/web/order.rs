//! The page of an order, asking for its money back, and playing the payer's phone in the sandbox.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::Json;
use axum::extract::State;
use axum::response::Redirect;
use example_support::Controls;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Web;
use super::form::{Form, Token, form_id};
use super::page;
use super::panel::{self, MAX_REASON, Panel};
use super::trouble::Trouble;
use crate::Fen;
use crate::flow::OrderState;
use crate::gateway::PACKAGE;
use crate::goods;
use crate::shop::Return;

/// The reason for a refund where the customer gives none.
const NO_REASON: &str = "客户申请退款";

/// How long a scan may take.
const SCANNED_WITHIN: Duration = Duration::from_secs(4);

pub(super) async fn page(State(web): State<Web>, token: Token) -> Result<Markup, Trouble> {
    let order = token.order(&web).await?;
    let panel = Panel::of(&web, &order).await?;
    let waiting = matches!(order.state, OrderState::Placed | OrderState::Paying);
    let placed = &order.placed;
    let name = goods::find(&placed.goods).map_or(placed.goods.as_str(), |goods| goods.name);
    let content = html! {
        div .order {
            div #panel data-page=(token.page()) aria-live="polite" { (panel) }
            section .card .facts {
                h2 { "订单" }
                dl {
                    dt { "商品" } dd { (name) }
                    dt { "数量" } dd { (placed.quantity) }
                    dt { "合计" } dd { (page::yuan(placed.total)) }
                    dt { "订单号" } dd { code { (placed.out_trade_no) } }
                    dt { "下单时间" } dd { (page::time(order.created_at)) }
                }
                p .quiet { "请保存这一页的网址：查看订单和申请退款都要用它，不要发给别人。" }
            }
        }
    };
    Ok(page::page("订单", waiting.then_some(5), &content))
}

pub(super) async fn state(State(web): State<Web>, token: Token) -> Result<Json<Value>, Trouble> {
    let order = token.order(&web).await?;
    let number = &order.placed.out_trade_no;
    let refunds = web.shop.store.refunds_of(number).await?;
    let refunds = refunds.iter().map(|refund| {
        json!({
            "out_refund_no": refund.asked.out_refund_no,
            "amount": refund.asked.amount.as_fen(),
            "state": refund.state.as_str(),
        })
    });
    Ok(Json(json!({
        "state": order.state.as_str(),
        "out_trade_no": number,
        "total": order.placed.total.as_fen(),
        "paid": order.paid.as_fen(),
        "refunded": order.refunded.as_fen(),
        "code_url": order.code_url,
        "refunds": refunds.collect::<Vec<_>>(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundForm {
    amount: String,
    reason: String,
    form: String,
}

impl RefundForm {
    fn read(&self) -> Result<Return, Trouble> {
        let amount = Fen::from_yuan(self.amount.trim())
            .map_err(|_| Trouble::form("退款金额要写成元，例如 12.50。"))?;
        let reason = self.reason.trim();
        if reason.chars().count() > MAX_REASON || reason.contains(char::is_control) {
            return Err(Trouble::form(
                "退款原因最多 80 个字，不能有换行之类的控制字符。",
            ));
        }
        Ok(Return {
            amount,
            reason: if reason.is_empty() { NO_REASON } else { reason }.to_owned(),
            form: form_id(&self.form)?,
        })
    }
}

/// Takes the wish for a refund down; the worker sends it.
pub(super) async fn refund(
    State(web): State<Web>,
    token: Token,
    Form(sent): Form<RefundForm>,
) -> Result<Redirect, Trouble> {
    let taken = async {
        let wish = sent.read()?;
        let order = token.order(&web).await?;
        web.shop.refund(&order, &wish).await?;
        Ok(Redirect::to(&token.page()))
    };
    taken.await.map_err(|trouble: Trouble| {
        trouble.about(&token).again(&[
            ("amount", &sent.amount),
            ("reason", &sent.reason),
            ("form", &sent.form),
        ])
    })
}

/// Plays the scan of a code of v1, which makes the order at WeChat Pay, and goes on to the cashier.
pub(super) async fn scan(State(web): State<Web>, token: Token) -> Result<Redirect, Trouble> {
    let order = token.order(&web).await?;
    let (Some(sandbox), Some(code)) = (&web.sandbox, &order.code_url) else {
        return Err(Trouble::not_found());
    };
    scanned(&web, sandbox, code)
        .await
        .map_err(|error| Trouble::busy(&format_args!("{error:#}")).about(&token))?;
    Ok(Redirect::to(&panel::cashier(&web, sandbox, &order)))
}

/// Until WeChat Pay has asked the shop what the code stands for.
async fn scanned(web: &Web, sandbox: &str, code: &str) -> anyhow::Result<()> {
    let (controls, callback) = (Controls::at(sandbox), format!("{}{PACKAGE}", web.url));
    let scan = controls.scan(code, &callback, false);
    let scan = tokio::time::timeout(SCANNED_WITHIN, scan).await;
    let scan = scan.context("the scan did not come to an end")??;
    ensure!(
        scan["state"] != "failed",
        "the scan failed: {}",
        scan["problem"]
    );
    Ok(())
}
