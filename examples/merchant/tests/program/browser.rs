//! What a customer and the operator see, in a real browser.

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::chromium::Chromium;
use crate::{PASSWORD, Program, program};

const PHONE: (u32, u32) = (390, 844);
const DESK: (u32, u32) = (1280, 900);

type Visit = (Program, Chromium, (TempDir, MutexGuard<'static, ()>));

/// One browser at a time: several on a small machine are slower than one after the other.
static ONE: Mutex<()> = Mutex::const_new(());

/// A shop, and a browser of that size.
async fn visit(size: (u32, u32), api: &str) -> Option<Visit> {
    let turn = ONE.lock().await;
    let Some(mut browser) = Chromium::start().await else {
        eprintln!("SKIPPED: Chromium is not installed");
        return None;
    };
    browser.size(size.0, size.1).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.env("MERCHANT_API", api);
    Some((Program::start(command), browser, (folder, turn)))
}

/// Orders, pays in the cashier, sees the page turn, and asks for a part of the money.
async fn story(size: (u32, u32), api: &str, name: &str) {
    let Some((shop, mut browser, _turn)) = visit(size, api).await else {
        return;
    };
    let shot = |step: &str| format!("{name}-{api}-{step}");
    browser.open(&shop.url).await;
    browser.until_text("手作茶杯").await;
    browser.shot(&shot("1-goods")).await;
    browser
        .fill("form:has([value=cup]) [name=quantity]", "3")
        .await;
    browser.press("form:has([value=cup]) button.primary").await;

    browser.until_text("微信扫码支付").await;
    browser.until_text("119.97").await;
    // The picture is there, and is one.
    browser
        .until("[...document.images].some(it => it.src.includes('/qr.') && it.complete && it.naturalWidth > 100)")
        .await;
    browser.shot(&shot("2-waiting")).await;
    let order = browser.run("location.href").await;
    let order = order.as_str().unwrap().to_owned();

    // The cashier in this tab; the order's page, open in another one, would turn as well.
    if api == "v1" {
        browser.press("form[action$='/scan'] button").await;
    } else {
        browser.press("a[href*='/_sandbox/cashier']").await;
    }
    browser
        .until("location.pathname.startsWith('/_sandbox/cashier')")
        .await;
    browser.until_text("119.97").await;
    browser.shot(&shot("3-cashier")).await;
    browser.press("form[action*='/pay'] button").await;
    browser.until_text("支付成功").await;
    browser.open(&order).await;
    browser.until_text("已支付").await;
    browser.shot(&shot("4-paid")).await;

    browser.fill("[name=amount]", "200").await;
    browser.fill("[name=reason]", "不想要了").await;
    browser.press("form[action$='/refund'] button").await;
    browser.until_text("最多还能退 ¥119.97").await;
    browser.shot(&shot("5-too-much")).await;
    browser.open(&order).await;
    browser.fill("[name=amount]", "20.50").await;
    browser.fill("[name=reason]", "杯口有<b>裂纹</b>").await;
    browser.press("form[action$='/refund'] button").await;
    browser.until_text("20.50").await;
    browser.until_text("已退款").await;
    browser.shot(&shot("6-refunded")).await;

    let operator = shop.url.replace(
        "http://",
        &format!("http://operator:{}@", PASSWORD.replace(' ', "%20")),
    );
    browser.open(&format!("{operator}/operator")).await;
    browser.until_text("20.50").await;
    browser.shot(&shot("7-operator")).await;
    // The next morning the day is reconciled.
    browser.run("window.before = true").await;
    browser
        .press("form[action='/operator/tomorrow'] button")
        .await;
    browser
        .until("!window.before && document.readyState === 'complete'")
        .await;
    for look in 0.. {
        if browser
            .run("document.body.innerText.includes('对账一致')")
            .await
            == true
        {
            break;
        }
        assert!(look < 100, "the day is not reconciled");
        browser.open(&format!("{operator}/operator")).await;
    }
    browser.shot(&shot("8-next-morning")).await;
    drop(browser);
    assert!(shop.stop(), "the shop did not end well");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone() {
    story(PHONE, "v3", "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desk() {
    story(DESK, "v2", "desk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_code_of_2014() {
    story(PHONE, "v1", "phone").await;
}

/// The page that shows the code turns while nobody touches it: told by events, by asking where
/// events do not come through, and without scripts.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_turns_by_itself() {
    let Some((shop, mut browser, _turn)) = visit(PHONE, "v3").await else {
        return;
    };
    for (events, scripts) in [(true, true), (false, true), (false, false)] {
        if !events {
            browser.block("*/events").await;
        }
        browser.scripts(scripts).await;
        browser.open(&shop.url).await;
        browser.press("form:has([value=cake]) button.primary").await;
        browser.until_text("微信扫码支付").await;
        let state =
            "fetch(location.pathname + '/state').then(it => it.json()).then(it => it.out_trade_no)";
        let number = browser.run(state).await;
        let controls = example_support::Controls::at(&shop.sandbox);
        controls.pay(number.as_str().unwrap()).await.unwrap();
        browser.until_text("已支付").await;
    }
}
