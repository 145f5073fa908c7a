//! What reading and writing by nodes costs, beside serde's derives for the very same type.
//!
//! `cargo bench -p wxpay-json`
//!
//! The ratios at the end are of the medians of many short rounds in which both sides take turns, so that whatever
//! else the machine does falls on both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wxpay_json::node::{FromNode, FromObject, Object, ToNode, ToObject, deserialize, serialize};
use wxpay_json::{DateTime, DecodeError, Fen, decode, encode};

/// What is answered to the query of an order that was paid with a coupon, with every field there is.
const TRANSACTION: &str = r#"{"amount":{"currency":"CNY","payer_currency":"CNY","payer_total":90,"total":100},"appid":"wxd678efh567hg6787","attach":"自定义数据,原样带回","bank_type":"CMC","mchid":"1230000109","out_trade_no":"1217752501201407033233368018","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"promotion_detail":[{"amount":10,"wechatpay_contribute":0,"coupon_id":"109519","scope":"SINGLE","merchant_contribute":10,"name":"单品惠-6","other_contribute":0,"currency":"CNY","stock_id":"931386","type":"CASH","goods_detail":[{"goods_remark":"商品备注信息","quantity":1,"discount_amount":6,"goods_id":"M1006","unit_price":60},{"goods_remark":"商品备注信息","quantity":2,"discount_amount":4,"goods_id":"M1007","unit_price":20}]}],"scene_info":{"device_id":"013467007045764","payer_client_ip":"14.23.150.211","store_info":{"address":"广东省深圳市南山区科技中一道10000号","area_code":"440305","id":"0001","name":"腾讯大厦分店"}},"success_time":"2018-06-08T10:34:56+08:00","trade_state":"SUCCESS","trade_state_desc":"支付成功","trade_type":"JSAPI","transaction_id":"1217752501201407033233368018"}"#;

/// A type with serde's derives and, field by field, what the generator writes in their place.
macro_rules! both {
    ($($name:ident { $($field:ident: $kind:ident $type:ty = $key:literal,)* })*) => {
        $(
            #[derive(Debug, Deserialize, PartialEq, Serialize)]
            struct $name {
                $(
                    #[serde(rename = $key)]
                    $field: both!(@type $kind $type),
                )*
            }

            impl ToObject for $name {
                fn to_object(&self) -> Object<'_> {
                    Object::with_capacity([$($key),*].len())
                        $(. $kind($key, &self.$field))*
                }
            }

            impl FromObject for $name {
                fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError> {
                    Ok(Self { $($field: both!(@read object $kind $key),)* })
                }
            }
        )*
    };
    (@type field $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type list $type:ty) => { Vec<$type> };
    (@read $object:ident field $key:literal) => { $object.required($key)? };
    (@read $object:ident optional $key:literal) => { $object.maybe($key)? };
    (@read $object:ident list $key:literal) => { $object.maybe_list($key)? };
}

wxpay_json::open_enum! {
    /// How an order stands.
    #[non_exhaustive]
    pub enum TradeState {
        /// Paid.
        Success = "SUCCESS",
        /// Refunded.
        Refund = "REFUND",
        /// Not paid.
        NotPay = "NOTPAY",
    }
}

both! {
    Transaction {
        appid: optional String = "appid",
        mchid: field String = "mchid",
        out_trade_no: field String = "out_trade_no",
        transaction_id: optional String = "transaction_id",
        trade_type: optional String = "trade_type",
        trade_state: field TradeState = "trade_state",
        trade_state_desc: optional String = "trade_state_desc",
        bank_type: optional String = "bank_type",
        attach: optional String = "attach",
        success_time: optional DateTime = "success_time",
        payer: optional Payer = "payer",
        amount: optional Amount = "amount",
        scene_info: optional Scene = "scene_info",
        promotion_detail: list Promotion = "promotion_detail",
    }
    Payer {
        openid: optional String = "openid",
    }
    Amount {
        total: optional Fen = "total",
        payer_total: optional Fen = "payer_total",
        currency: optional String = "currency",
        payer_currency: optional String = "payer_currency",
    }
    Scene {
        payer_client_ip: optional String = "payer_client_ip",
        device_id: optional String = "device_id",
        store_info: optional Store = "store_info",
    }
    Store {
        id: field String = "id",
        name: optional String = "name",
        area_code: optional String = "area_code",
        address: optional String = "address",
    }
    Promotion {
        coupon_id: field String = "coupon_id",
        name: optional String = "name",
        scope: optional String = "scope",
        kind: optional String = "type",
        amount: field Fen = "amount",
        stock_id: optional String = "stock_id",
        wechatpay_contribute: optional Fen = "wechatpay_contribute",
        merchant_contribute: optional Fen = "merchant_contribute",
        other_contribute: optional Fen = "other_contribute",
        currency: optional String = "currency",
        goods_detail: list Goods = "goods_detail",
    }
    Goods {
        goods_id: field String = "goods_id",
        quantity: field i64 = "quantity",
        unit_price: field Fen = "unit_price",
        discount_amount: field Fen = "discount_amount",
        goods_remark: optional String = "goods_remark",
    }
}

/// A value that is read and written by its node, whatever derives it has.
struct ByNode<T>(T);

impl<'de, T: FromNode> Deserialize<'de> for ByNode<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

impl<T: ToNode> Serialize for ByNode<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, serializer)
    }
}

fn read_by_node() -> Transaction {
    let ByNode(value) = decode(black_box(TRANSACTION.as_bytes())).expect("a transaction");
    black_box(value)
}

fn read_by_derive() -> Transaction {
    black_box(decode(black_box(TRANSACTION.as_bytes())).expect("a transaction"))
}

fn write_by_node(transaction: &Transaction) {
    black_box(encode(&ByNode(black_box(transaction))).expect("writable"));
}

fn write_by_derive(transaction: &Transaction) {
    black_box(encode(black_box(transaction)).expect("writable"));
}

/// The median times of one call of each, taken in turns.
fn in_turns<T>(one: impl Fn() -> T, other: impl Fn() -> T) -> (Duration, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn time<T>(calls: u32, call: &impl Fn() -> T) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed() / calls
    }
    let calls = (2_000_000 / time(50, &one).as_nanos().max(1)).clamp(1, 1000) as u32;
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..801 {
        ones.push(time(calls, &one));
        others.push(time(calls, &other));
    }
    ones.sort();
    others.sort();
    (ones[ones.len() / 2], others[others.len() / 2])
}

fn main() {
    let value = read_by_node();
    assert_eq!(value, read_by_derive(), "both read the same");
    assert_eq!(encode(&ByNode(&value)), encode(&value), "and write it");
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("read a transaction");
    group.throughput(Throughput::Bytes(TRANSACTION.len() as u64));
    group.bench_function("by node", |b| b.iter(read_by_node));
    group.bench_function("by derive", |b| b.iter(read_by_derive));
    group.finish();
    let mut group = criterion.benchmark_group("write a transaction");
    group.bench_function("by node", |b| b.iter(|| write_by_node(&value)));
    group.bench_function("by derive", |b| b.iter(|| write_by_derive(&value)));
    group.finish();
    criterion.final_summary();
    // `cargo test` runs this file too, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for (what, (node, derive)) in [
        (
            "read by node / by derive",
            in_turns(read_by_node, read_by_derive),
        ),
        (
            "write by node / by derive",
            in_turns(|| write_by_node(&value), || write_by_derive(&value)),
        ),
    ] {
        let ratio = node.as_secs_f64() / derive.as_secs_f64();
        eprintln!("{what}: {node:?} / {derive:?} = {ratio:.3}");
    }
}
