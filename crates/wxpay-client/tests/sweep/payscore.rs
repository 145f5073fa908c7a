//! WeChat Pay Score (支付分): users who grant a service, and services that are used and then paid,
//! for a merchant of one's own and for sub-merchants. Both families have the same operations.

use http::Method;
use serde_json::{Value, json};

use crate::EXTENTS;
use crate::sample::Extent::{self, Full, Least};
use crate::till::Till;

const FAMILIES: [&str; 2] = ["payscore", "payscore_partner"];

pub(crate) async fn all(till: &mut Till) {
    for family in FAMILIES {
        for extent in EXTENTS {
            let mut services = Services {
                till: &mut *till,
                family,
                extent,
            };
            services.permission_by_openid().await;
            services.cancelled().await;
            services.confirmed_and_collected().await;
            services.granted_and_paid_elsewhere().await;
        }
    }
}

struct Services<'a> {
    till: &'a mut Till,
    family: &'static str,
    extent: Extent,
}

impl Services<'_> {
    async fn call(&mut self, name: &str, values: &[(&str, Value)]) -> Value {
        let name = format!("{}.{name}", self.family);
        self.till.named(&name, self.extent, values).await
    }

    /// What the user, or the tester, does.
    async fn control(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let path = format!("payscore{path}");
        self.till.control(method, &path, body).await
    }

    async fn collect(&mut self, when: &str) {
        let settings = json!({ "collect": when, "delay_seconds": 0 });
        self.control(Method::PUT, "", &settings).await;
    }

    /// Gives back the number of a permission, and the user who has granted it.
    async fn granted(&mut self) -> (Value, Value) {
        let code = self.till.number();
        let by_code = [("/authorization_code", json!(code))];
        let asked = self.call("create_permission", &by_code).await;
        assert_ne!(asked["apply_permissions_token"], "");
        let unknown = self
            .call("query_permission_by_authorization_code", &by_code)
            .await;
        assert_eq!(unknown["authorization_state"], "UNBINDUSER");
        let path = format!("/permissions/{code}/confirm");
        let user = self.control(Method::POST, &path, &json!({})).await;
        let known = self
            .call("query_permission_by_authorization_code", &by_code)
            .await;
        assert_eq!(known["authorization_state"], "AVAILABLE");
        assert_eq!(known["openid"], user["openid"]);
        (json!(code), user["openid"].clone())
    }

    async fn permission_by_openid(&mut self) {
        let (code, openid) = self.granted().await;
        let user = [("/openid", openid)];
        let found = self.call("query_permission_by_openid", &user).await;
        assert_eq!(found["authorization_code"], code);
        self.call("terminate_permission_by_openid", &user).await;
        let gone = self.call("query_permission_by_openid", &user).await;
        assert_eq!(gone["authorization_state"], "UNAVAILABLE");
        assert_eq!(gone["openid"], user[0].1);
    }

    /// Opens a service that the user confirms, and gives back its number.
    async fn confirmed(&mut self) -> Value {
        let number = self.till.number();
        let order = [("/out_order_no", json!(number))];
        let opened = [order[0].clone(), ("/need_user_confirm", json!(true))];
        let opened = self.call("create_order", &opened).await;
        assert_eq!(opened["state"], "CREATED");
        let seen = self.query(&order[0].1).await;
        assert_eq!(seen["order_id"], opened["order_id"]);
        assert_eq!(seen["risk_fund"], opened["risk_fund"]);
        assert_eq!(seen["time_range"], opened["time_range"]);
        let path = format!("/orders/{number}");
        let confirm = format!("{path}/confirm");
        self.control(Method::POST, &confirm, &json!({})).await;
        let seen = self.query(&order[0].1).await;
        assert_eq!(seen["state"], "DOING");
        assert_eq!(seen["state_description"], "USER_CONFIRM");
        // The user comes back to the merchant with another number.
        let back = self.control(Method::GET, &path, &Value::Null).await;
        let back = [
            ("/out_order_no", Value::Null),
            ("/query_id", back["query_id"].clone()),
        ];
        assert_eq!(self.call("query_order", &back).await, seen);
        json!(number)
    }

    async fn query(&mut self, number: &Value) -> Value {
        let order = [
            ("/out_order_no", number.clone()),
            ("/query_id", Value::Null),
        ];
        self.call("query_order", &order).await
    }

    async fn cancelled(&mut self) {
        let number = self.confirmed().await;
        let order = [("/out_order_no", number.clone())];
        let answer = self.call("cancel_order", &order).await;
        self.is_short(&answer, &number);
        assert_eq!(self.query(&number).await["state"], "REVOKED");
    }

    /// Providers are answered with nothing but a status.
    fn is_short(&self, answer: &Value, number: &Value) {
        if self.family == "payscore" {
            assert_eq!(answer["out_order_no"], *number);
        } else {
            assert_eq!(*answer, Value::Null);
        }
    }

    /// A bill of so many fen, with a discount where there can be one.
    fn bill(&self, number: &Value, total: i64) -> Vec<(&'static str, Value)> {
        let (discount, discounts) = match self.extent {
            Full => (
                50,
                json!([{ "name": "满20减1元", "description": "不与其他优惠叠加", "amount": 50, "count": 1 }]),
            ),
            Least => (0, Value::Null),
        };
        let payments = json!([
            { "name": "就餐费用", "description": "就餐人均100元", "amount": total, "count": 4 },
            { "name": "服务费", "amount": discount },
        ]);
        vec![
            ("/out_order_no", number.clone()),
            ("/post_payments", payments),
            ("/post_discounts", discounts),
            ("/total_amount", json!(total)),
        ]
    }

    async fn confirmed_and_collected(&mut self) {
        self.collect("asked").await;
        let number = self.confirmed().await;
        let bill = self.bill(&number, 900);
        self.call("complete_order", &bill).await;
        let owed = self.query(&number).await;
        assert_eq!(owed["state"], "DOING");
        assert_eq!(owed["state_description"], "MCH_COMPLETE");
        assert_eq!(owed["total_amount"], 900);
        assert_eq!(owed["collection"]["state"], "USER_PAYING");
        assert_eq!(owed["collection"]["paying_amount"], 900);
        let bill = self.bill(&number, 700);
        self.call("update_order_amount", &bill).await;
        let owed = self.query(&number).await;
        assert_eq!(owed["total_amount"], 700);
        assert_eq!(owed["post_payments"][0]["amount"], 700);
        let order = [("/out_order_no", number.clone())];
        let answer = self.call("pay_order", &order).await;
        self.is_short(&answer, &number);
        self.is_paid(&number, "NEWTON", 700).await;
    }

    async fn is_paid(&mut self, number: &Value, channel: &str, total: i64) {
        let paid = self.query(number).await;
        assert_eq!(paid["state"], "DONE", "{paid:#}");
        let collection = &paid["collection"];
        assert_eq!(collection["state"], "USER_PAID");
        assert_eq!(collection["paid_amount"], total);
        assert_eq!(collection["details"][0]["paid_type"], channel);
        assert_eq!(collection["details"][0]["amount"], total);
    }

    async fn granted_and_paid_elsewhere(&mut self) {
        let (code, openid) = self.granted().await;
        let number = json!(self.till.number());
        let mut bill = self.bill(&number, 500);
        bill.push(("/openid", openid.clone()));
        self.collect("completed").await;
        self.call("create_and_complete_order", &bill).await;
        self.is_paid(&number, "NEWTON", 500).await;

        self.collect("never").await;
        let number = json!(self.till.number());
        let unasked = [
            ("/out_order_no", number.clone()),
            ("/openid", openid.clone()),
            ("/need_user_confirm", json!(false)),
        ];
        self.call("create_order", &unasked).await;
        let begun = self.query(&number).await;
        assert_eq!(begun["state"], "DOING");
        assert_eq!(begun["openid"], openid);
        let bill = self.bill(&number, 300);
        self.call("complete_order", &bill).await;
        let order = [("/out_order_no", number.clone())];
        // Nobody collects this one.
        self.call("pay_order", &order).await;
        assert_eq!(self.query(&number).await["state"], "DOING");
        let elsewhere = [
            order[0].clone(),
            ("/type", json!("Order_Paid")),
            ("/detail/paid_time", json!("20240101103456")),
        ];
        self.call("sync_order", &elsewhere).await;
        self.is_paid(&number, "MCH", 300).await;

        let by_code = [("/authorization_code", code)];
        self.call("terminate_permission_by_authorization_code", &by_code)
            .await;
        let gone = self
            .call("query_permission_by_authorization_code", &by_code)
            .await;
        assert_eq!(gone["authorization_state"], "UNAVAILABLE");
    }
}
