//! The goods, and ordering them.

use std::time::Duration;

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use super::Web;
use super::form::{Form, form_id};
use super::page;
use super::trouble::Trouble;
use crate::goods::{GOODS, MAX_QUANTITY};
use crate::shop::{FormId, Wish};
use crate::store::Order;

/// How long a customer waits for the code to pay by; then the order's page waits instead.
const CODE_WITHIN: Duration = Duration::from_secs(3);

/// What the shop sells.
pub(super) async fn page(State(web): State<Web>) -> Result<Markup, Trouble> {
    let goods = GOODS.iter().map(|goods| Ok((goods, FormId::new()?)));
    let goods = goods.collect::<Result<Vec<_>, getrandom::Error>>()?;
    let content = html! {
        section .welcome {
            h1 { "今天喝点什么" }
            p { "选好下单，用微信扫码付款。" }
            @if web.sandbox.is_some() {
                p .notice { "沙箱模式：不会产生真实付款，也不发货。" }
            }
        }
        ul .goods {
            @for (goods, form) in &goods {
                li .card {
                    h2 { (goods.name) }
                    p .quiet { (goods.about) }
                    p .price { (page::yuan(goods.price)) }
                    form method="post" action="/orders" {
                        input type="hidden" name="goods" value=(goods.id);
                        input type="hidden" name="form" value=(form.as_str());
                        label .stepper {
                            span { "数量" }
                            button type="button" data-step="-1" aria-label="减一" hidden { "−" }
                            input type="number" name="quantity" value="1" min="1" max=(MAX_QUANTITY)
                                required inputmode="numeric";
                            button type="button" data-step="1" aria-label="加一" hidden { "+" }
                        }
                        button .primary { "下单" }
                    }
                }
            }
        }
    };
    Ok(page::page("好茶", None, &content))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderForm {
    goods: String,
    quantity: i64,
    form: String,
}

/// Writes the order down, and shows it. The code to pay by may come later.
pub(super) async fn order(
    State(web): State<Web>,
    Form(sent): Form<OrderForm>,
) -> Result<Redirect, Trouble> {
    let wish = Wish {
        goods: sent.goods.clone(),
        quantity: sent.quantity,
        form: form_id(&sent.form)?,
    };
    let order = web.shop.order(&wish).await.map_err(|refusal| {
        let quantity = sent.quantity.to_string();
        Trouble::from(refusal).again(&[
            ("goods", &sent.goods),
            ("quantity", &quantity),
            ("form", &sent.form),
        ])
    })?;
    if order.code_url.is_none() {
        prepay(&web, &order).await;
    }
    Ok(Redirect::to(&format!("/orders/{}", order.placed.token)))
}

/// Tries to get the code now. If it does not come, the worker goes on asking.
async fn prepay(web: &Web, order: &Order) {
    let number = &order.placed.out_trade_no;
    match tokio::time::timeout(CODE_WITHIN, web.shop.prepay(order)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(number, error = %format_args!("{error:#}"), "no code yet"),
        Err(_) => tracing::warn!(number, "no code in time"),
    }
}
