//! Profit sharing (分账): an order's money goes to receivers, some of it comes back, the rest is
//! released. Merchants and providers, platforms and brands have the same under other names.

use http::Method;
use serde_json::{Value, json};

use crate::EXTENTS;
use crate::sample::Extent::{self, Full, Least};
use crate::till::Till;

const TOTAL: i64 = 10_000;
const SHOP: &str = "1900000110";
const SHOP_NAME: &str = "深圳市腾讯计算机系统有限公司";
const PERSON: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

/// What a family calls its operations and some fields.
struct Family {
    name: &'static str,
    release: &'static str,
    create_return: &'static str,
    query_return: &'static str,
    amounts: &'static str,
    ratio: Option<(&'static str, &'static str)>,
    account: &'static str,
    receiver_name: &'static str,
    state: &'static str,
    finish: &'static str,
    return_id: &'static str,
    failed: &'static str,
}

const FAMILIES: [Family; 3] = [
    Family {
        name: "profit_sharing",
        release: "unfreeze_order",
        create_return: "create_return_order",
        query_return: "query_return_order",
        amounts: "query_remaining_amount",
        ratio: Some(("query_merchant_config", "sub_mchid")),
        account: "account",
        receiver_name: "name",
        state: "state",
        finish: "unfreeze_unsplit",
        return_id: "return_id",
        failed: "FAILED",
    },
    Family {
        name: "ecommerce_profit_sharing",
        release: "finish_order",
        create_return: "create_return",
        query_return: "query_return",
        amounts: "query_amounts",
        ratio: None,
        account: "receiver_account",
        receiver_name: "receiver_name",
        state: "status",
        finish: "finish",
        return_id: "return_no",
        failed: "FAIL",
    },
    Family {
        name: "brand_profit_sharing",
        release: "finish_order",
        create_return: "create_return",
        query_return: "query_return",
        amounts: "query_amounts",
        ratio: Some(("query_config", "brand_mchid")),
        account: "account",
        receiver_name: "name",
        state: "status",
        finish: "finish",
        return_id: "return_no",
        failed: "FAIL",
    },
];

pub(crate) async fn all(till: &mut Till) {
    for family in &FAMILIES {
        for extent in EXTENTS {
            let (number, transaction_id) = paid(till, family, extent).await;
            let mut order = Order {
                till: &mut *till,
                family,
                extent,
                number,
                transaction_id,
            };
            order.set(&json!({})).await;
            order.receivers().await;
            let (share, order_id) = order.share().await;
            order.come_back(&share, &order_id).await;
            order.release(&share).await;
            order.end().await;
        }
    }
    till.days_pass(2).await;
    let day = [("/bill_date", json!(till.days_ago(2).to_string()))];
    for extent in EXTENTS {
        let bill = till.named("profit_sharing.apply_bill", extent, &day).await;
        assert_eq!(bill["hash_type"], "SHA1");
    }
}

/// An order of which money waits to be shared. Whoever shares for itself leaves most out.
async fn paid(till: &mut Till, family: &Family, extent: Extent) -> (String, Value) {
    let prepay = if family.name == "profit_sharing" && extent == Least {
        "pay.native_prepay"
    } else {
        "partner_pay.native_prepay"
    };
    let number = till.number();
    let values = [
        ("/out_trade_no", json!(number)),
        ("/amount", json!({ "total": TOTAL, "currency": "CNY" })),
        ("/settle_info", json!({ "profit_sharing": true })),
    ];
    till.named(prepay, extent, &values).await;
    till.pay(&number).await;
    let path = format!("orders/{number}");
    let seen = till.control(Method::GET, &path, &Value::Null).await;
    (number, seen["transaction_id"].clone())
}

struct Order<'a> {
    till: &'a mut Till,
    family: &'static Family,
    extent: Extent,
    number: String,
    transaction_id: Value,
}

impl Order<'_> {
    async fn call(&mut self, name: &str, values: &[(&str, Value)]) -> Value {
        let name = format!("{}.{name}", self.family.name);
        self.till.named(&name, self.extent, values).await
    }

    /// How sharing goes from now on: at once, and as `settings` says.
    async fn set(&mut self, settings: &Value) {
        let mut settings = settings.clone();
        settings["delay_seconds"] = json!(0);
        let path = "profit-sharing";
        self.till.control(Method::PUT, path, &settings).await;
    }

    fn is_plain(&self) -> bool {
        self.family.name == "profit_sharing"
    }

    async fn unsplit(&mut self) -> Value {
        let order = [("/transaction_id", self.transaction_id.clone())];
        let left = self.call(self.family.amounts, &order).await;
        assert_eq!(left["transaction_id"], self.transaction_id);
        left["unsplit_amount"].clone()
    }

    async fn receivers(&mut self) {
        let shop = [
            ("/type", json!("MERCHANT_ID")),
            ("/account", json!(SHOP)),
            ("/name", json!(SHOP_NAME)),
        ];
        let added = self.call("add_receiver", &shop).await;
        assert_eq!(added["account"], SHOP);
        if self.is_plain() {
            assert_eq!(added["name"], SHOP_NAME);
            assert_eq!(added["relation_type"], "SERVICE_PROVIDER");
        }
        let person = [
            ("/type", json!("PERSONAL_OPENID")),
            ("/account", json!(PERSON)),
            ("/name", Value::Null),
        ];
        let added = self.call("add_receiver", &person).await;
        assert_eq!(added["type"], "PERSONAL_OPENID");
        if let Some((name, of)) = self.family.ratio {
            let config = self.call(name, &[]).await;
            assert_eq!(config["max_ratio"], 3_000);
            assert!(config[of].is_string(), "{config}");
        }
    }

    /// Two get a part, but the account of one of them takes no money.
    async fn share(&mut self) -> (Value, Value) {
        let closed = json!({ "closed": { PERSON: "ACCOUNT_ABNORMAL" } });
        self.set(&closed).await;
        assert_eq!(self.unsplit().await, TOTAL);
        let family = self.family;
        let receiver = |kind: &str, account: &str, amount: i64| {
            let mut receiver =
                json!({ "type": kind, "amount": amount, "description": "分给合作方" });
            receiver[family.account] = json!(account);
            receiver
        };
        let mut shop = receiver("MERCHANT_ID", SHOP, 1_200);
        if self.extent == Full {
            shop[family.receiver_name] = json!(SHOP_NAME);
        }
        let receivers = [shop, receiver("PERSONAL_OPENID", PERSON, 300)];
        let share = json!(format!("P@{}", self.number));
        let finish = format!("/{}", family.finish);
        let order = [
            ("/transaction_id", self.transaction_id.clone()),
            ("/out_order_no", share.clone()),
        ];
        let asked = [
            order[0].clone(),
            order[1].clone(),
            ("/receivers", json!(receivers)),
            (finish.as_str(), json!(false)),
        ];
        let taken = self.call("create_order", &asked).await;
        assert_eq!(taken[family.state], "PROCESSING");
        assert_eq!(outcomes(&taken), ["PENDING", "PENDING"]);
        let done = self.call("query_order", &order).await;
        for name in ["out_order_no", "order_id", "transaction_id"] {
            assert_eq!(done[name], taken[name]);
        }
        assert_eq!(done[family.state], "FINISHED");
        assert_eq!(outcomes(&done), ["SUCCESS", "CLOSED"]);
        let [shop, person] = [&done["receivers"][0], &done["receivers"][1]];
        assert_eq!(shop["amount"], 1_200);
        assert_eq!(shop[family.account], SHOP);
        assert_eq!(shop["description"], "分给合作方");
        assert_eq!(shop["detail_id"], taken["receivers"][0]["detail_id"]);
        assert_eq!(person["fail_reason"], "ACCOUNT_ABNORMAL");
        assert_eq!(self.unsplit().await, TOTAL - 1_200);
        (share, done["order_id"].clone())
    }

    /// A receiver gives something back; another time it cannot.
    async fn come_back(&mut self, share: &Value, order_id: &Value) {
        let family = self.family;
        for reason in [None, Some("TIME_OUT_CLOSED")] {
            self.set(&json!({ "return_fail_reason": reason })).await;
            let number = json!(format!("R@{}", self.till.number()));
            let mut back = vec![
                ("/out_order_no", share.clone()),
                ("/out_return_no", number.clone()),
                ("/return_mchid", json!(SHOP)),
                ("/amount", json!(200)),
            ];
            let mut query = back[..2].to_vec();
            if self.extent == Full {
                back.push(("/order_id", order_id.clone()));
                if !self.is_plain() {
                    query.push(("/order_id", order_id.clone()));
                }
                if family.name == "ecommerce_profit_sharing" {
                    back.push(("/transaction_id", self.transaction_id.clone()));
                }
            }
            let asked = self.call(family.create_return, &back).await;
            assert_eq!(asked["result"], "PROCESSING");
            assert_eq!(asked["out_return_no"], number);
            let came = self.call(family.query_return, &query).await;
            for name in ["order_id", "out_order_no", "amount", "return_mchid"] {
                assert_eq!(came[name], asked[name]);
            }
            assert_eq!(came[family.return_id], asked[family.return_id]);
            assert_eq!(came["amount"], 200);
            match reason {
                None => assert_eq!(came["result"], "SUCCESS"),
                Some(reason) => {
                    assert_eq!(came["result"], family.failed);
                    assert_eq!(came["fail_reason"], reason);
                }
            }
        }
        // What came back is the merchant's.
        assert_eq!(self.unsplit().await, TOTAL - 1_200);
    }

    async fn release(&mut self, share: &Value) {
        let family = self.family;
        let number = json!(format!("F@{}", self.number));
        let order = [
            ("/transaction_id", self.transaction_id.clone()),
            ("/out_order_no", number.clone()),
        ];
        let asked = [
            order[0].clone(),
            order[1].clone(),
            ("/description", json!("解冻全部剩余资金")),
        ];
        let taken = self.call(family.release, &asked).await;
        let done = self.call("query_order", &order).await;
        assert_eq!(done["order_id"], taken["order_id"]);
        assert_eq!(done["out_order_no"], number);
        assert_eq!(done[family.state], "FINISHED");
        let left = json!(TOTAL - 1_200);
        if self.is_plain() {
            assert_eq!(taken["state"], "PROCESSING");
            assert_eq!(outcomes(&done), ["SUCCESS"]);
            assert_eq!(done["receivers"][0]["amount"], left);
            assert_eq!(done["receivers"][0]["description"], "解冻全部剩余资金");
        } else {
            assert_eq!(done["finish_amount"], left);
            assert_eq!(done["finish_description"], "解冻全部剩余资金");
        }
        assert_eq!(self.unsplit().await, 0);
        let path = format!("profit-sharing/{}", share.as_str().unwrap());
        let seen = self.till.control(Method::GET, &path, &Value::Null).await;
        assert_eq!(seen["order"]["shared"], 1_200);
        assert_eq!(seen["order"]["returned"], 200);
        assert_eq!(seen["order"]["refundable"], TOTAL - 1_000);
    }

    async fn end(&mut self) {
        let person = [
            ("/type", json!("PERSONAL_OPENID")),
            ("/account", json!(PERSON)),
        ];
        let deleted = self.call("delete_receiver", &person).await;
        assert_eq!(deleted["account"], PERSON);
        let usual = json!({});
        let path = "profit-sharing";
        self.till.control(Method::PUT, path, &usual).await;
    }
}

/// The results of the parts of a request.
fn outcomes(sharing: &Value) -> Vec<&str> {
    let parts = sharing["receivers"].as_array().unwrap().iter();
    parts.map(|part| part["result"].as_str().unwrap()).collect()
}
