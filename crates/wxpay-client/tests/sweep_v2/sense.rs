//! What has to make sense together: orders that are there, numbers that are not yet, the sandbox's names.

use serde_json::{Map, Value, json};
use wxpay_client::proto::v2::{OperationInfo, Parameters, Signing, Untyped};
use wxpay_client::proto::{DateTime, Idempotency};
use wxpay_client::v2::Client;

use crate::world::{NOTIFY, World};

/// What every order here costs.
const TOTAL: i64 = 1999;

/// Numbers that were given out.
#[derive(Default)]
pub(crate) struct Sense {
    numbers: u32,
}

impl Sense {
    /// A number nothing has.
    fn number(&mut self) -> String {
        self.numbers += 1;
        self.last()
    }

    /// The number given out last.
    fn last(&self) -> String {
        format!("NUMBER{:04}", self.numbers)
    }

    /// Puts into a sample what goes together with what the sandbox holds.
    pub(crate) async fn make(
        &mut self,
        world: &World,
        client: &Client,
        name: &str,
        sample: &mut Value,
    ) {
        names(world, sample);
        let fields = sample.as_object_mut().unwrap();
        let values = self.values(world, client, name).await;
        for (name, value) in values {
            match value {
                // Only where the sample has it.
                Value::Null => drop(fields.remove(&name)),
                value => drop(fields.insert(name, value)),
            }
        }
    }

    async fn values(&mut self, world: &World, client: &Client, name: &str) -> Map<String, Value> {
        let own = json!({ "sub_appid": null, "sub_mch_id": null, "sub_openid": null });
        let mut values = own.as_object().unwrap().clone();
        let more = match name {
            "v2.bill.download_bill" | "v2.bill.download_fund_flow" => {
                json!({ "bill_date": world.days_ago(2).to_string() })
            }
            "v2.pay.unified_order" => json!({
                "out_trade_no": self.number(),
                "openid": world.merchant().openid,
            }),
            "v2.pay.micro_pay" => json!({
                "out_trade_no": self.number(),
                "auth_code": "130061098828009400",
            }),
            "v2.pay.close_order" => json!({ "out_trade_no": self.placed(world, client).await }),
            "v2.pay.order_query" => {
                let (number, id) = self.paid(world, client).await;
                json!({ "out_trade_no": number, "transaction_id": id })
            }
            "v2.pay.reverse" => {
                let (number, id) = self.charged(world, client).await;
                json!({ "out_trade_no": number, "transaction_id": id })
            }
            "v2.refund.create_refund" | "v2.refund.create_refund_with_goods" => {
                let (number, id) = self.paid(world, client).await;
                json!({
                    "out_trade_no": number,
                    "transaction_id": id,
                    "out_refund_no": self.number(),
                    "total_fee": TOTAL,
                    "refund_fee": 1,
                })
            }
            "v2.refund.refund_query" | "v2.refund.refund_query_with_goods" => {
                let (number, id) = self.paid(world, client).await;
                let refund = self.refunded(world, client, &number).await;
                let mut values = json!({
                    "out_refund_no": refund.get("out_refund_no"),
                    "refund_id": refund.get("refund_id"),
                    "offset": null,
                });
                if name == "v2.refund.refund_query" {
                    values["out_trade_no"] = json!(number);
                    values["transaction_id"] = json!(id);
                }
                values
            }
            "v2.combine.combined_order" => {
                let number = self.number();
                json!({
                    "combine_out_trade_no": number,
                    "combine_openid": world.merchant().openid,
                    "sub_order_list": parts(world, &number, true),
                })
            }
            "v2.combine.query_combined_order" => {
                json!({ "combine_out_trade_no": self.combined(world, client).await })
            }
            "v2.combine.close_combined_order" => {
                let number = self.combined(world, client).await;
                json!({
                    "combine_out_trade_no": number,
                    "sub_order_list": parts(world, &number, false),
                })
            }
            "v2.red_packet.send_red_pack"
            | "v2.red_packet.send_mini_program_red_pack"
            | "v2.red_packet.send_workwx_red_pack" => {
                json!({ "mch_billno": self.number(), "total_amount": 100 })
            }
            "v2.red_packet.send_group_red_pack" => {
                json!({ "mch_billno": self.number(), "total_amount": 300, "total_num": 3 })
            }
            "v2.transfer.transfer" | "v2.transfer.pay_employee" | "v2.transfer.pay_bank" => {
                json!({ "partner_trade_no": self.number(), "amount": 100 })
            }
            // The list has each query after what it asks for.
            name if name.starts_with("v2.red_packet.query_") => {
                json!({ "mch_billno": self.last() })
            }
            name if name.starts_with("v2.transfer.query_") => {
                json!({ "partner_trade_no": self.last() })
            }
            _ => json!({}),
        };
        if !name.starts_with("v2.pay.")
            && !name.starts_with("v2.refund.")
            && !name.starts_with("v2.red_packet.")
            && !name.starts_with("v2.bill.")
        {
            values.clear();
        }
        values.extend(more.as_object().unwrap().clone());
        values
    }

    async fn send(&self, client: &Client, request: Untyped) -> Parameters {
        let answer = client.execute(&request).await;
        answer
            .unwrap_or_else(|error| panic!("{error:?}"))
            .into_value()
    }

    async fn placed(&mut self, world: &World, client: &Client) -> String {
        let number = self.number();
        let order = Untyped::post("/pay/unifiedorder", Idempotency::MerchantNumber)
            .field("appid", &world.merchant().appid)
            .field("body", "深圳 & 1/2")
            .field("out_trade_no", &number)
            .field("total_fee", TOTAL.to_string())
            .field("spbill_create_ip", "203.0.113.7")
            .field("notify_url", NOTIFY)
            .field("trade_type", "APP");
        self.send(client, order).await;
        number
    }

    /// An order that is paid: the merchant's number and WeChat Pay's.
    pub(crate) async fn paid(&mut self, world: &World, client: &Client) -> (String, String) {
        let number = self.placed(world, client).await;
        world.pay(&number).await;
        let query = Untyped::post("/pay/orderquery", Idempotency::Safe)
            .field("appid", &world.merchant().appid)
            .field("out_trade_no", &number);
        let paid = self.send(client, query).await;
        let id = paid.get("transaction_id").unwrap().to_owned();
        (number, id)
    }

    /// The same, by payment code.
    async fn charged(&mut self, world: &World, client: &Client) -> (String, String) {
        let number = self.number();
        let charge = Untyped::post("/pay/micropay", Idempotency::No)
            .field("appid", &world.merchant().appid)
            .field("body", "深圳 & 1/2")
            .field("out_trade_no", &number)
            .field("total_fee", TOTAL.to_string())
            .field("spbill_create_ip", "203.0.113.7")
            .field("auth_code", "130061098828009400");
        let paid = self.send(client, charge).await;
        let id = paid.get("transaction_id").unwrap().to_owned();
        (number, id)
    }

    async fn refunded(&mut self, world: &World, client: &Client, order: &str) -> Parameters {
        let info = OperationInfo::new("refund", "/secapi/pay/refund", Idempotency::MerchantNumber);
        let refund = Untyped::new(info.with_certificate())
            .field("appid", &world.merchant().appid)
            .field("out_trade_no", order)
            .field("out_refund_no", self.number())
            .field("total_fee", TOTAL.to_string())
            .field("refund_fee", "1");
        self.send(client, refund).await
    }

    async fn combined(&mut self, world: &World, client: &Client) -> String {
        let number = self.number();
        let info = OperationInfo::new("combine", "/pay/combinedorder", Idempotency::MerchantNumber)
            .merchant_field("combine_mch_id")
            .signing(Signing::HmacSha256);
        let order = Untyped::new(info)
            .field("combine_appid", &world.merchant().appid)
            .field("combine_out_trade_no", &number)
            .field("spbill_create_ip", "203.0.113.7")
            .field("notify_url", NOTIFY)
            .field("trade_type", "APP")
            .field("sub_order_list", parts(world, &number, true).to_string());
        self.send(client, order).await;
        number
    }
}

/// The parts of a combined order, or which of them are closed.
fn parts(world: &World, number: &str, placed: bool) -> Value {
    let merchant = world.merchant();
    let part = |index: usize| {
        let mut part = json!({
            "appid": merchant.appid,
            "mch_id": merchant.mchid,
            "sub_mch_id": merchant.sub_mchid,
            "out_trade_no": format!("{number}-{index}"),
        });
        if placed {
            part["body"] = json!("深圳 & 1/2");
            part["total_fee"] = json!(TOTAL);
            part["fee_type"] = json!("CNY");
            part["attach"] = json!("附加");
        }
        part
    };
    json!({ "order_num": 2, "order_list": [part(0), part(1)] })
}

/// Puts those who really are there where a sample has just anybody.
fn names(world: &World, sample: &mut Value) {
    let merchant = world.merchant();
    match sample {
        Value::Object(fields) => {
            for (name, value) in fields {
                let text = match name.as_str() {
                    "appid" | "mch_appid" | "wxappid" | "msgappid" | "combine_appid" => {
                        merchant.appid.clone()
                    }
                    "mchid" | "mch_id" => merchant.mchid.clone(),
                    "sub_appid" => merchant.sub_appid.clone(),
                    "sub_mch_id" => merchant.sub_mchid.clone(),
                    "openid" | "sub_openid" | "re_openid" | "combine_openid" => {
                        merchant.openid.clone()
                    }
                    "time_start" => world.now().to_string(),
                    "time_expire" => DateTime::beijing(world.now().as_unix() + 3_600).to_string(),
                    name if name.ends_with("notify_url") => NOTIFY.to_owned(),
                    _ => {
                        names(world, value);
                        continue;
                    }
                };
                *value = json!(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| names(world, item)),
        _ => {}
    }
}
