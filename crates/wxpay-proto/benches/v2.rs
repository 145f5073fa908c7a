//! What signing an order and believing a payment notice of v2 cost, beside the least that they can.
//!
//! `cargo bench -p wxpay-proto --features v2 --bench v2`
//!
//! The baseline of an order is the bare MD5 of the text that is signed; that of a notice the same, and quick-xml's
//! events over the same bytes, looked at by nobody. The figures at the end are the medians of many short rounds in
//! which all take turns, so that whatever else the machine does falls on all.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use md5::{Digest as _, Md5};
use quick_xml::Reader;
use quick_xml::events::Event;
use wxpay_proto::v2::{
    ApiV2Key, Decode, Fields, Form, Merchant, OperationInfo, Request, SignType, TimeForm, YesNo,
};
use wxpay_proto::{BodyError, DateTime, DecodeError, Fen, Idempotency, Nonce, Sensitive};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
/// A payment notice of 21 fields, all in CDATA.
const NOTICE: &[u8] = include_bytes!("../tests/vectors/v2/notice/payment-md5/body.txt");

/// An order as `wxpay-api` has it: all of its fields, of which fourteen are sent with those of the merchant.
struct UnifiedOrder {
    appid: String,
    sub_appid: Option<String>,
    sub_mch_id: Option<String>,
    device_info: Option<String>,
    body: String,
    attach: Option<String>,
    out_trade_no: String,
    fee_type: Option<String>,
    total_fee: Fen,
    spbill_create_ip: String,
    time_start: Option<DateTime>,
    time_expire: Option<DateTime>,
    goods_tag: Option<String>,
    notify_url: String,
    trade_type: String,
    product_id: Option<String>,
    limit_pay: Option<String>,
    openid: Option<String>,
    sub_openid: Option<String>,
    receipt: Option<YesNo>,
    profit_sharing: Option<YesNo>,
}

impl UnifiedOrder {
    fn new() -> Self {
        Self {
            appid: "wx2421b1c4370ec43b".to_owned(),
            sub_appid: None,
            sub_mch_id: None,
            device_info: Some("WEB".to_owned()),
            body: "coffee & cake".to_owned(),
            attach: Some("支付测试".to_owned()),
            out_trade_no: "20240101103456001".to_owned(),
            fee_type: Some("CNY".to_owned()),
            total_fee: Fen::new(100),
            spbill_create_ip: "203.0.113.7".to_owned(),
            time_start: None,
            time_expire: Some(DateTime::beijing(1_704_079_776)),
            goods_tag: None,
            notify_url: "https://shop.example/pay/notify".to_owned(),
            trade_type: "JSAPI".to_owned(),
            product_id: None,
            limit_pay: None,
            openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
            sub_openid: None,
            receipt: None,
            profit_sharing: None,
        }
    }
}

impl Request for UnifiedOrder {
    fn info(&self) -> OperationInfo {
        let path = "/pay/unifiedorder";
        OperationInfo::new("v2.pay.unified_order", path, Idempotency::MerchantNumber)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("appid", self.appid.as_str());
        form.text("attach", self.attach.as_deref());
        form.text("body", self.body.as_str());
        form.text("device_info", self.device_info.as_deref());
        form.text("fee_type", self.fee_type.as_deref());
        form.text("goods_tag", self.goods_tag.as_deref());
        form.text("limit_pay", self.limit_pay.as_deref());
        form.text("notify_url", self.notify_url.as_str());
        form.text("openid", self.openid.as_deref());
        form.text("out_trade_no", self.out_trade_no.as_str());
        form.text("product_id", self.product_id.as_deref());
        form.text(
            "profit_sharing",
            self.profit_sharing.as_ref().map(YesNo::as_str),
        );
        form.text("receipt", self.receipt.as_ref().map(YesNo::as_str));
        form.text("spbill_create_ip", self.spbill_create_ip.as_str());
        form.text("sub_appid", self.sub_appid.as_deref());
        form.text("sub_mch_id", self.sub_mch_id.as_deref());
        form.text("sub_openid", self.sub_openid.as_deref());
        form.time("time_expire", self.time_expire, TimeForm::Compact);
        form.time("time_start", self.time_start, TimeForm::Compact);
        form.fen("total_fee", self.total_fee);
        form.text("trade_type", self.trade_type.as_str());
        Ok(())
    }
}

/// All that a payment notice may say.
#[expect(dead_code, reason = "read, not used")]
struct Payment {
    appid: String,
    attach: Option<String>,
    bank_type: Option<String>,
    cash_fee: Option<Fen>,
    coupon_count: Option<i64>,
    coupon_fee: Option<Fen>,
    coupons: Vec<Coupon>,
    device_info: Option<String>,
    fee_type: Option<String>,
    is_subscribe: Option<YesNo>,
    openid: Option<String>,
    out_trade_no: String,
    settlement_total_fee: Option<Fen>,
    sub_openid: Option<Sensitive>,
    time_end: DateTime,
    total_fee: Fen,
    trade_type: String,
    transaction_id: String,
}

#[expect(dead_code, reason = "read, not used")]
struct Coupon {
    fee: Option<Fen>,
    id: Option<String>,
    kind: Option<String>,
}

impl Decode for Coupon {
    fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            fee: fields.fen_opt("coupon_fee")?,
            id: fields.text_opt("coupon_id"),
            kind: fields.text_opt("coupon_type"),
        })
    }
}

impl Decode for Payment {
    fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            appid: fields.text("appid")?,
            attach: fields.text_opt("attach"),
            bank_type: fields.text_opt("bank_type"),
            cash_fee: fields.fen_opt("cash_fee")?,
            coupon_count: fields.integer_opt("coupon_count")?,
            coupon_fee: fields.fen_opt("coupon_fee")?,
            coupons: fields.family(&["coupon_fee", "coupon_id", "coupon_type"], Coupon::read)?,
            device_info: fields.text_opt("device_info"),
            fee_type: fields.text_opt("fee_type"),
            is_subscribe: fields.word_opt("is_subscribe"),
            openid: fields.text_opt("openid"),
            out_trade_no: fields.text("out_trade_no")?,
            settlement_total_fee: fields.fen_opt("settlement_total_fee")?,
            sub_openid: fields.sensitive_opt("sub_openid"),
            time_end: fields.time("time_end", TimeForm::Compact)?,
            total_fee: fields.fen("total_fee")?,
            trade_type: fields.text("trade_type")?,
            transaction_id: fields.text("transaction_id")?,
        })
    }
}

struct Bench {
    merchant: Merchant,
    order: UnifiedOrder,
    nonce: Nonce,
    /// What is signed of the order, and of the notice.
    order_text: Vec<u8>,
    notice_text: Vec<u8>,
}

impl Bench {
    fn new(sign_type: SignType) -> Self {
        let key = ApiV2Key::new(KEY).expect("test key");
        let merchant = Merchant::new("10000100", key).expect("a number");
        let merchant = merchant.with_sign_type(sign_type);
        let (order, nonce) = (UnifiedOrder::new(), Nonce::from_bytes([7; 16]));
        let encoded = merchant.encode(&order, &nonce).expect("an order");
        Self {
            order_text: signed_text(encoded.body()),
            notice_text: signed_text(NOTICE),
            merchant,
            order,
            nonce,
        }
    }

    fn order(&self) {
        let encoded = self
            .merchant
            .encode(black_box(&self.order), black_box(&self.nonce));
        black_box(encoded.expect("an order"));
    }

    fn notice(&self) {
        let notice = self.merchant.open_notification(black_box(NOTICE));
        let payment: Payment = notice.expect("genuine").decode().expect("a payment");
        black_box(payment);
    }
}

/// What the signature of a document covers.
fn signed_text(body: &[u8]) -> Vec<u8> {
    let fields = wxpay_proto::danger::v2::parameters_unverified(body).expect("fields");
    let mut text = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "sign") {
        text.push_str(&format!("{name}={value}&"));
    }
    (text + "key=" + KEY).into()
}

fn bare_md5(text: &[u8]) {
    black_box(Md5::digest(black_box(text)));
}

fn bare_events() {
    let text = std::str::from_utf8(black_box(NOTICE)).expect("UTF-8");
    let mut reader = Reader::from_str(text);
    loop {
        match black_box(reader.read_event().expect("XML")) {
            Event::Eof => break,
            _ => continue,
        }
    }
}

fn groups(criterion: &mut Criterion) {
    let (md5, hmac) = (Bench::new(SignType::Md5), Bench::new(SignType::HmacSha256));
    let mut group = criterion.benchmark_group("unified order");
    group.bench_function("check, sort, sign (MD5), write", |b| b.iter(|| md5.order()));
    group.bench_function("check, sort, sign (HMAC-SHA256), write", |b| {
        b.iter(|| hmac.order());
    });
    group.bench_function("bare MD5", |b| b.iter(|| bare_md5(&md5.order_text)));
    group.finish();
    let mut group = criterion.benchmark_group("payment notice");
    group.bench_function("parse, verify, decode", |b| b.iter(|| md5.notice()));
    group.bench_function("bare MD5", |b| b.iter(|| bare_md5(&md5.notice_text)));
    group.bench_function("bare events", |b| b.iter(bare_events));
    group.finish();
}

/// The median times of one call of each, taken in turns.
fn in_turns<const N: usize>(calls: [&dyn Fn(); N]) -> [Duration; N] {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn time(count: u32, call: &dyn Fn()) -> Duration {
        let start = Instant::now();
        for _ in 0..count {
            call();
        }
        start.elapsed() / count
    }
    let mut times = [const { Vec::new() }; N];
    for _ in 0..801 {
        for (call, times) in calls.iter().zip(&mut times) {
            times.push(time(500, call));
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    groups(&mut criterion);
    criterion.final_summary();
    // `cargo test` runs this file too, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let bench = Bench::new(SignType::Md5);
    let [order, md5] = in_turns([&|| bench.order(), &|| bare_md5(&bench.order_text)]);
    eprintln!(
        "unified order: {order:?}, of it bare MD5 {md5:?}: {:?} beside it (goal: 1.5µs)",
        order.saturating_sub(md5)
    );
    let [notice, md5, events] = in_turns([
        &|| bench.notice(),
        &|| bare_md5(&bench.notice_text),
        &bare_events,
    ]);
    eprintln!(
        "payment notice: {notice:?} (goal: 3µs), of it bare MD5 {md5:?}; bare events {events:?}"
    );
}
