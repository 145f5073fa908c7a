//! What all pages have in common.

use maud::{DOCTYPE, Markup, html};
use wxpay_bill::DateTime;

use crate::Fen;

/// A page. `refresh` is for browsers without scripts: after how many seconds to look again.
pub(super) fn page(title: &str, refresh: Option<u32>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · 山前茶铺" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/shop.css";
                script src="/shop.js" defer {}
                @if let Some(seconds) = refresh {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
            }
            body {
                header { a href="/" { img src="/icon.svg" alt="" width="28" height="28"; "山前茶铺" } }
                main { (content) }
                footer { "一家用微信支付收款的示例商店" }
            }
        }
    }
}

/// An amount as people read it, such as `¥128.00`.
pub(super) fn yuan(amount: Fen) -> String {
    format!("¥{}", amount.yuan())
}

/// A time in seconds since 1970 as clocks in Beijing show it.
pub(super) fn time(at: i64) -> String {
    let at = DateTime::beijing(at);
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{} {hour:02}:{minute:02}:{second:02}", at.date())
}
