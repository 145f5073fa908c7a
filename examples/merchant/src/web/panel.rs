//! What changes on an order's page: how it stands, its refunds, and the form to ask for one.

use maud::{Markup, Render, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Web;
use super::page::{time, yuan};
use super::trouble::Trouble;
use crate::Fen;
use crate::flow::{OrderState, RefundState};
use crate::shop::FormId;
use crate::store::{Order, Refund};

/// The most characters of a reason for a refund.
pub(super) const MAX_REASON: usize = 80;

/// The parts that change; the script of the page exchanges those whose key is another one, and
/// leaves alone what the customer is writing in.
pub(super) struct Panel {
    parts: [Part; 3],
}

struct Part {
    id: &'static str,
    key: String,
    content: Markup,
}

impl Panel {
    /// How the order stands now.
    pub(super) async fn of(web: &Web, order: &Order) -> Result<Self, Trouble> {
        let refunds = web.shop.store.refunds_of(&order.placed.out_trade_no);
        let (refunds, now) = (refunds.await?, web.shop.now());
        let parts = [status(web, order, now), list(&refunds), ask(order)?];
        Ok(Self { parts })
    }

    /// Another one whenever there is something new to see.
    pub(super) fn key(&self) -> String {
        let keys: Vec<_> = self.parts.iter().map(|part| part.key.as_str()).collect();
        keys.join("/")
    }
}

impl Render for Panel {
    fn render(&self) -> Markup {
        html! {
            @for Part { id, key, content } in &self.parts {
                section id=(id) data-key=(key) { (content) }
            }
        }
    }
}

/// Where the sandbox takes the payer's decision.
pub(super) fn cashier(web: &Web, sandbox: &str, order: &Order) -> String {
    let back = format!("{}/orders/{}", web.url, order.placed.token);
    format!(
        "{}/_sandbox/cashier?out_trade_no={}&redirect_url={}",
        sandbox.trim_end_matches('/'),
        utf8_percent_encode(&order.placed.out_trade_no, NON_ALPHANUMERIC),
        utf8_percent_encode(&back, NON_ALPHANUMERIC),
    )
}

fn status(web: &Web, order: &Order, now: i64) -> Part {
    let code = order.code_url.as_deref();
    let late = order.placed.expires_at <= now;
    let (look, content) = match (order.state, code) {
        (OrderState::Placed | OrderState::Paying, _) if late => (
            "late",
            html! {
                p .spinner {}
                h1 { "付款时间已过" }
                p { "正在向微信支付确认：没有付款就关闭订单，付了就算数。" }
            },
        ),
        (OrderState::Paying, Some(code)) => ("code", paying(web, order, code, now)),
        (OrderState::Placed | OrderState::Paying, _) => (
            "wait",
            html! {
                p .spinner {}
                h1 { "正在向微信支付下单…" }
                p { "付款的二维码马上就来。" }
            },
        ),
        (OrderState::Paid, _) => (
            "paid",
            html! {
                p .tick aria-hidden="true" { "✓" }
                h1 { "已支付" }
                p .price { (yuan(order.paid)) }
                @if let Some(at) = order.paid_at { p .quiet { "付款时间 " (time(at)) "（北京时间）" } }
            },
        ),
        (OrderState::Closed, _) => (
            "closed",
            html! {
                p .cross aria-hidden="true" { "×" }
                h1 { "订单已关闭" }
                p { "没有付款，也不能再付了。" }
                p { a .button .primary href="/" { "重新选购" } }
            },
        ),
        (OrderState::Held, _) => (
            "held",
            html! {
                p .alert aria-hidden="true" { "!" }
                h1 { "付款金额与订单不符" }
                p { "客服会联系您，请不要再付款。" }
            },
        ),
    };
    Part {
        id: "status",
        key: format!("{}-{look}", order.state),
        content: html! { div .card .status { (content) } },
    }
}

fn paying(web: &Web, order: &Order, code: &str, now: i64) -> Markup {
    let page = format!("/orders/{}", order.placed.token);
    let left = order.placed.expires_at - now;
    html! {
        h1 { "微信扫码支付" }
        p .price { (yuan(order.placed.total)) }
        img .qr src={ (page) "/qr.svg" } alt="付款二维码" width="240" height="240";
        p .countdown data-seconds=(left) {
            "请在 " (time(order.placed.expires_at)) " 前付款（北京时间）" span aria-hidden="true" {}
        }
        @if let Some(sandbox) = &web.sandbox {
            @if is_v1(code) {
                form method="post" action={ (page) "/scan" } {
                    button .primary { "在沙箱里扫码付款" }
                }
            } @else {
                p { a .button .primary href=(cashier(web, sandbox, order)) { "在沙箱里付款" } }
            }
        }
        p .quiet { "付好以后，这一页会自己变。" a href={ (page) "/qr.png" } { "二维码图片" } }
    }
}

/// Whether the code names a product (原生支付): the order is made when it is scanned.
fn is_v1(code: &str) -> bool {
    code.starts_with("weixin://wxpay/bizpayurl?") && code.contains("productid=")
}

fn list(refunds: &[Refund]) -> Part {
    let keys = refunds.iter().map(|refund| refund.state.as_str());
    Part {
        id: "refunds",
        key: keys.collect::<Vec<_>>().join("-"),
        content: html! {
            @if !refunds.is_empty() {
                div .card {
                    h2 { "退款" }
                    ul .refunds {
                        @for refund in refunds {
                            li {
                                p .line {
                                    strong { (yuan(refund.asked.amount)) }
                                    span .badge .(refund.state.as_str().to_lowercase()) {
                                        (words(refund.state))
                                    }
                                }
                                p .quiet { (refund.asked.reason) }
                                p .quiet {
                                    (time(refund.created_at)) " · " code { (refund.asked.out_refund_no) }
                                }
                            }
                        }
                    }
                }
            }
        },
    }
}

/// How a refund stands, for the customer.
const fn words(state: RefundState) -> &'static str {
    match state {
        RefundState::Reserved => "申请已受理",
        RefundState::Processing => "处理中",
        RefundState::Abnormal => "退款异常，客服会联系您",
        RefundState::Success => "已退款",
        RefundState::Closed => "已关闭",
        RefundState::Refused => "被拒绝",
    }
}

fn ask(order: &Order) -> Result<Part, Trouble> {
    let left = order.paid.checked_sub(order.refunded).unwrap_or(Fen::ZERO);
    let form = FormId::new()?;
    let content = html! {
        @if left > Fen::ZERO {
            div .card {
                h2 { "申请退款" }
                form method="post" action={ "/orders/" (order.placed.token) "/refund" } {
                    input type="hidden" name="form" value=(form.as_str());
                    label {
                        span { "金额（元），最多 " (left.yuan()) }
                        input name="amount" value=(left.yuan()) required inputmode="decimal"
                            maxlength="12" pattern="[0-9]+(\\.[0-9]{1,2})?" autocomplete="off";
                    }
                    label {
                        span { "原因（可以不填）" }
                        input name="reason" maxlength=(MAX_REASON) placeholder="例如：不想要了"
                            autocomplete="off";
                    }
                    button .primary { "提交申请" }
                }
                p .quiet { "钱会原路退回付款的微信账户。" }
            }
        }
    };
    let key = left.as_fen().to_string();
    Ok(Part {
        id: "ask",
        key,
        content,
    })
}
