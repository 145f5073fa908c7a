//! A day with everything that comes into bills, and what the merchant keeps of it.

use http::Method;
use serde_json::{Value, json};
use wxpay_bill::reconcile::{Entry, EntryKind, OwnedEntry};
use wxpay_bill::{DateTime, Fen};
use wxpay_sign::Encryptor as _;

use crate::shop::{HOUR, Shop};

pub(crate) const STORE: &str = "1900000110";
const NATIVE: &str = "/v3/pay/transactions/native";
const NOTIFY: &str = "http://127.0.0.1:9471/notify";
/// 2024-01-02 00:00:00 in Beijing.
const MIDNIGHT: i64 = 1_704_124_800;

/// A trade as the merchant knows it. Amounts are fen, times are seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trade {
    pub(crate) kind: EntryKind,
    pub(crate) out_trade_no: String,
    pub(crate) transaction_id: String,
    pub(crate) sub_mchid: Option<String>,
    pub(crate) trade_type: &'static str,
    /// As bills write them.
    pub(crate) description: String,
    pub(crate) attach: String,
    pub(crate) total: i64,
    pub(crate) paid: i64,
    pub(crate) back: Option<Back>,
}

/// A refund or a reversal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Back {
    pub(crate) out_refund_no: String,
    /// Of reversals the merchant is told none.
    pub(crate) refund_id: Option<String>,
    pub(crate) asked: i64,
    pub(crate) at: i64,
    pub(crate) succeeded: Option<i64>,
    pub(crate) status: &'static str,
}

impl Trade {
    /// When it is in a bill of all trades.
    pub(crate) fn at(&self) -> i64 {
        self.back.as_ref().map_or(self.paid, |back| back.at)
    }

    pub(crate) fn entry(&self) -> OwnedEntry {
        let Some(back) = &self.back else {
            return Entry::payment(&self.out_trade_no, Fen::new(self.total))
                .with_id(&self.transaction_id)
                .with_state("SUCCESS")
                .with_time(DateTime::beijing(self.paid))
                .into();
        };
        let number = match self.kind {
            EntryKind::Refund => &back.out_refund_no,
            _ => &self.out_trade_no,
        };
        Entry::new(self.kind, number, Fen::new(back.asked))
            .with_id(back.refund_id.as_deref().unwrap_or_default())
            .with_state(back.status)
            .with_time(DateTime::beijing(back.at))
            .into()
    }
}

pub(crate) struct Day {
    pub(crate) shop: Shop,
    /// Of the day, in the order of their times.
    pub(crate) trades: Vec<Trade>,
}

impl Day {
    /// The day is over, and its bills are there.
    pub(crate) fn traded() -> Self {
        let mut day = Self {
            shop: Shop::new(),
            trades: Vec::new(),
        };
        day.pay("simple", 1_999, ["深圳腾大-QQ公仔", ""], "深圳腾大-QQ公仔");
        day.pay(
            "commas",
            1_000,
            ["茶,咖啡,\"大杯\",", "a,b,\"c\""],
            "茶,咖啡,\"大杯\",",
        );
        day.pay("back-ticks", 10_001, ["`一,`二`", "a,b,\"c\""], " 一, 二 ");
        day.pay(
            "two-lines",
            1,
            ["第一行\r\n第二行\n", ""],
            "第一行\\r\\n第二行\\n",
        );
        day.place("unpaid", 700, ["没有付", ""]);
        day.place("closed", 700, ["关了", ""]);
        let mchid = day.shop.identity().mchid().to_owned();
        let close = json!({ "mchid": mchid });
        let path = "/v3/pay/transactions/out-trade-no/closed/close";
        day.shop.post(path, &close);
        day.theirs();
        day.code("by-code", 3_000);
        day.code("reversed", 88);
        day.reverse("reversed");
        day.shared();

        day.refund("commas", "part-1", 333, "SUCCESS");
        day.refund("commas", "part-2", 333, "CLOSED");
        day.refund("commas", "part-3", 334, "SUCCESS");
        day.refund("simple", "whole", 1_999, "SUCCESS");
        day.refund("back-ticks", "lost-card", 5_000, "ABNORMAL");
        day.refund("by-code", "slow", 1_500, "PROCESSING");
        day.refund("theirs", "back-to-them", 100, "SUCCESS");

        // A second before and a second after the end of the day.
        day.place("at-last", 5, ["最后", ""]);
        day.place("tomorrow", 6, ["明天", ""]);
        day.shop.now = MIDNIGHT - 1;
        day.paid("at-last", 5, ["最后", ""], None);
        day.shop.now = MIDNIGHT;
        day.paid("tomorrow", 6, ["明天", ""], None);
        day.trades.pop();
        day.shop.now = MIDNIGHT + 10 * HOUR;
        day
    }

    /// Of the bill of one kind: `ALL`, `SUCCESS` or `REFUND`.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Trade> {
        let mut trades = self.trades.clone();
        trades.retain(|trade| match kind {
            "SUCCESS" => trade.back.is_none(),
            "REFUND" => trade.back.is_some(),
            _ => true,
        });
        trades
    }

    /// What the merchant has in the books.
    pub(crate) fn books(&self) -> Vec<OwnedEntry> {
        self.trades.iter().map(Trade::entry).collect()
    }

    fn place(&mut self, number: &str, total: i64, [description, attach]: [&str; 2]) {
        self.shop.wait(7);
        let identity = self.shop.identity();
        let mut order = json!({
            "appid": identity.appid(), "mchid": identity.mchid(), "description": description,
            "out_trade_no": number, "notify_url": NOTIFY, "amount": { "total": total },
            "settle_info": { "profit_sharing": number == "shared" },
        });
        if !attach.is_empty() {
            order["attach"] = json!(attach);
        }
        self.shop.post(NATIVE, &order);
    }

    fn pay(&mut self, number: &str, total: i64, [description, attach]: [&str; 2], written: &str) {
        self.place(number, total, [description, attach]);
        self.shop.wait(7);
        self.paid(number, total, [written, attach], None);
    }

    fn paid(
        &mut self,
        number: &str,
        total: i64,
        [description, attach]: [&str; 2],
        sub_mchid: Option<String>,
    ) {
        let path = format!("orders/{number}/pay");
        let paid = self.shop.control(Method::POST, &path, &json!({}));
        self.trades.push(Trade {
            kind: EntryKind::Payment,
            out_trade_no: number.to_owned(),
            transaction_id: text(&paid, "transaction_id"),
            sub_mchid,
            trade_type: "NATIVE",
            description: description.to_owned(),
            attach: attach.to_owned(),
            total,
            paid: self.shop.now,
            back: None,
        });
    }

    /// An order of the sub-merchant's.
    fn theirs(&mut self) {
        self.shop.wait(7);
        let identity = self.shop.identity();
        let sub_mchid = identity.sub_mchid().to_owned();
        let order = json!({
            "sp_appid": identity.appid(), "sp_mchid": identity.mchid(), "sub_mchid": sub_mchid,
            "description": "特约商户的茶", "out_trade_no": "theirs", "notify_url": NOTIFY,
            "amount": { "total": 20_000 },
        });
        self.shop
            .post("/v3/pay/partner/transactions/native", &order);
        self.paid("theirs", 20_000, ["特约商户的茶", ""], Some(sub_mchid));
    }

    /// A payment by code, with v2.
    fn code(&mut self, number: &str, total: i64) {
        self.shop.wait(7);
        let get = self.shop.v2_done(
            "/pay/micropay",
            &[
                ("body", "image形象店,收银台"),
                ("out_trade_no", number),
                ("total_fee", &total.to_string()),
                ("spbill_create_ip", "203.0.113.7"),
                ("auth_code", "130061098828009400"),
            ],
        );
        self.trades.push(Trade {
            kind: EntryKind::Payment,
            out_trade_no: number.to_owned(),
            transaction_id: get("transaction_id"),
            sub_mchid: None,
            trade_type: "MICROPAY",
            description: "image形象店,收银台".to_owned(),
            attach: String::new(),
            total,
            paid: self.shop.now,
            back: None,
        });
    }

    fn reverse(&mut self, number: &str) {
        self.shop.wait(7);
        let own = [("out_trade_no", number)];
        let get = self.shop.v2_done("/secapi/pay/reverse", &own);
        assert_eq!(get("recall"), "N");
        let payment = self.payment(number);
        self.trades.push(Trade {
            kind: EntryKind::Reversal,
            back: Some(Back {
                out_refund_no: number.to_owned(),
                refund_id: None,
                asked: payment.total,
                at: self.shop.now,
                succeeded: Some(self.shop.now),
                status: "SUCCESS",
            }),
            ..payment
        });
    }

    fn refund(&mut self, order: &str, number: &str, amount: i64, end: &str) {
        self.shop.wait(7);
        let (outcome, delay, status) = match end {
            "SUCCESS" => ("SUCCESS", 3, "SUCCESS"),
            "CLOSED" => ("CLOSED", 3, "FAIL"),
            "ABNORMAL" => ("ABNORMAL", 3, "CHANGE"),
            _ => ("SUCCESS", 100 * HOUR, "PROCESSING"),
        };
        let script = json!({ "outcome": outcome, "delay_seconds": delay });
        self.shop.control(Method::PUT, "refunds", &script);
        let payment = self.payment(order);
        let mut wish = json!({
            "out_trade_no": order, "out_refund_no": number,
            "amount": { "refund": amount, "total": payment.total, "currency": "CNY" },
        });
        if let Some(sub_mchid) = &payment.sub_mchid {
            wish["sub_mchid"] = json!(sub_mchid);
        }
        let refund = self.shop.post("/v3/refund/domestic/refunds", &wish);
        self.trades.push(Trade {
            kind: EntryKind::Refund,
            back: Some(Back {
                out_refund_no: number.to_owned(),
                refund_id: Some(text(&refund, "refund_id")),
                asked: amount,
                at: self.shop.now,
                succeeded: (status == "SUCCESS").then_some(self.shop.now + delay),
                status,
            }),
            ..payment
        });
        self.shop.wait(7);
    }

    /// An order of which a part is passed on, half of that comes back, and the rest is released.
    fn shared(&mut self) {
        self.pay("shared", 10_000, ["分账订单", ""], "分账订单");
        let name = self.shop.identity().public_key().encrypt("深圳市腾讯");
        let appid = self.shop.identity().appid().to_owned();
        let receiver = json!({
            "appid": appid, "type": "MERCHANT_ID", "account": STORE, "name": name.unwrap(),
            "relation_type": "STORE",
        });
        self.shop.post("/v3/profitsharing/receivers/add", &receiver);
        let transaction_id = self.payment("shared").transaction_id;
        let share = json!({
            "appid": appid, "transaction_id": transaction_id, "out_order_no": "share-1",
            "unfreeze_unsplit": false,
            "receivers": [{
                "type": "MERCHANT_ID", "account": STORE, "amount": 1_500, "description": "分给门店,甲",
            }],
        });
        self.shop.post("/v3/profitsharing/orders", &share);
        self.shop.wait(7);
        let back = json!({
            "out_order_no": "share-1", "out_return_no": "return-1", "return_mchid": STORE,
            "amount": 500, "description": "用户\n退款",
        });
        self.shop.post("/v3/profitsharing/return-orders", &back);
        self.shop.wait(7);
        let release = json!({
            "transaction_id": transaction_id, "out_order_no": "release-1", "description": "解冻",
        });
        self.shop
            .post("/v3/profitsharing/orders/unfreeze", &release);
        self.shop.wait(7);
    }

    pub(crate) fn payment(&self, number: &str) -> Trade {
        let mut found = self.trades.iter();
        let found = found.find(|trade| trade.out_trade_no == number && trade.back.is_none());
        found.unwrap().clone()
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}
