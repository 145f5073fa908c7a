//! Transfers (商家转账): users confirm what they get, or have agreed to it once and for all. For a
//! merchant itself, a provider, a platform, and to QQ wallets; and the batches that came before.

use http::Method;
use serde_json::{Value, json};
use wxpay_client::{ErrorKind, ExpectedHash};

use crate::EXTENTS;
use crate::sample::Extent::{self, Full};
use crate::till::Till;

const AMOUNT: i64 = 5_000;
const NAME: &str = "张三";

/// What a family calls its operations.
struct Family {
    create: &'static str,
    query: &'static str,
    cancel: &'static str,
    query_by_id: Option<&'static str>,
    /// For those who have agreed: with a transfer, alone, and transfers to them.
    agreed: Option<Agreed>,
}

struct Agreed {
    along: &'static str,
    apply: &'static str,
    query: &'static str,
    close: &'static str,
    transfer: &'static str,
}

const FAMILIES: [Family; 4] = [
    Family {
        create: "transfer.create_transfer",
        query: "transfer.query_transfer_by_out_bill_no",
        cancel: "transfer.cancel_transfer",
        query_by_id: Some("transfer.query_transfer_by_transfer_bill_no"),
        agreed: Some(Agreed {
            along: "transfer.create_transfer_with_authorization",
            apply: "transfer.apply_user_authorization",
            query: "transfer.query_user_authorization",
            close: "transfer.close_user_authorization",
            transfer: "transfer.create_authorized_transfer",
        }),
    },
    Family {
        create: "transfer.partner_create_transfer",
        query: "transfer.partner_query_transfer_by_out_bill_no",
        cancel: "transfer.partner_cancel_transfer",
        query_by_id: None,
        agreed: Some(Agreed {
            along: "transfer.partner_create_transfer_with_authorization",
            apply: "transfer.partner_apply_user_authorization",
            query: "transfer.partner_query_user_authorization",
            close: "transfer.partner_close_user_authorization",
            transfer: "transfer.partner_create_authorized_transfer",
        }),
    },
    Family {
        create: "ecommerce_transfer.create_transfer",
        query: "ecommerce_transfer.query_transfer_by_out_bill_no",
        cancel: "ecommerce_transfer.cancel_transfer",
        query_by_id: Some("ecommerce_transfer.query_transfer_by_transfer_bill_no"),
        agreed: None,
    },
    Family {
        create: "transfer.create_qq_wallet_transfer",
        query: "transfer.query_qq_wallet_transfer",
        cancel: "transfer.cancel_qq_wallet_transfer",
        query_by_id: None,
        agreed: None,
    },
];

pub(crate) async fn all(till: &mut Till) {
    for extent in EXTENTS {
        let mut merchant = Merchant {
            till: &mut *till,
            extent,
        };
        merchant.set(&json!({})).await;
        for family in &FAMILIES {
            merchant.confirmed(family).await;
            merchant.cancelled(family).await;
            merchant.failed(family).await;
            if let Some(agreed) = &family.agreed {
                merchant.agreed(agreed, family).await;
                merchant.agreed_along(agreed, family).await;
            }
        }
        merchant.receipts().await;
        merchant.batch().await;
        let usual = json!({});
        till.control(Method::PUT, "transfers", &usual).await;
    }
}

struct Merchant<'a> {
    till: &'a mut Till,
    extent: Extent,
}

impl Merchant<'_> {
    async fn call(&mut self, name: &str, values: &[(&str, Value)]) -> Value {
        self.till.named(name, self.extent, values).await
    }

    /// How transfers go from now on: at once, and as `settings` says.
    async fn set(&mut self, settings: &Value) {
        let mut settings = settings.clone();
        settings["delay_seconds"] = json!(0);
        self.till.control(Method::PUT, "transfers", &settings).await;
    }

    /// The user agrees to a transfer, or to all of them.
    async fn confirm(&mut self, number: &Value, how: &Value) {
        let path = format!("transfers/{}/confirm", number.as_str().unwrap());
        self.till.control(Method::POST, &path, how).await;
    }

    /// A number of letters and digits.
    fn number(&mut self) -> Value {
        let number = self.till.number();
        let letters = number.chars().filter(char::is_ascii_alphanumeric);
        json!(letters.collect::<String>())
    }

    /// Asks for a transfer with a new number, and these values.
    async fn ask(&mut self, name: &str, values: &[(&'static str, Value)]) -> (Value, Value) {
        let number = self.number();
        let mut transfer = vec![
            ("/out_bill_no", number.clone()),
            ("/transfer_amount", json!(AMOUNT)),
        ];
        if self.extent == Full {
            transfer.push(("/user_name", json!(NAME)));
        }
        transfer.extend_from_slice(values);
        let asked = self.call(name, &transfer).await;
        assert_eq!(asked["out_bill_no"], number);
        (number, asked)
    }

    /// What a query says, which has to be of the transfer that was asked for.
    async fn query(&mut self, family: &Family, number: &Value, asked: &Value) -> Value {
        let bill = [("/out_bill_no", number.clone())];
        let seen = self.call(family.query, &bill).await;
        for name in ["out_bill_no", "transfer_bill_no", "create_time"] {
            assert_eq!(seen[name], asked[name], "{name}");
        }
        assert_eq!(seen["transfer_amount"], AMOUNT);
        if self.extent == Full {
            assert_eq!(seen["user_name"], NAME);
        }
        seen
    }

    /// Asks for a transfer that waits for the user.
    async fn waiting(&mut self, family: &Family) -> (Value, Value) {
        let (number, asked) = self.ask(family.create, &[]).await;
        let seen = self.query(family, &number, &asked).await;
        assert_eq!(seen["state"], "WAIT_USER_CONFIRM");
        (number, asked)
    }

    async fn confirmed(&mut self, family: &Family) -> (Value, Value) {
        let (number, asked) = self.waiting(family).await;
        if family.create != "transfer.create_qq_wallet_transfer" {
            let package = asked["package_info"].as_str().unwrap();
            assert!(!package.is_empty());
        }
        self.confirm(&number, &json!({})).await;
        let done = self.query(family, &number, &asked).await;
        assert_eq!(done["state"], "SUCCESS");
        if let Some(query) = family.query_by_id {
            let by_id = [("/transfer_bill_no", asked["transfer_bill_no"].clone())];
            assert_eq!(self.call(query, &by_id).await, done);
        }
        (number, asked["transfer_bill_no"].clone())
    }

    async fn cancelled(&mut self, family: &Family) {
        let (number, asked) = self.waiting(family).await;
        let bill = [("/out_bill_no", number.clone())];
        let cancelling = self.call(family.cancel, &bill).await;
        assert_eq!(cancelling["state"], "CANCELING");
        assert_eq!(cancelling["transfer_bill_no"], asked["transfer_bill_no"]);
        let done = self.query(family, &number, &asked).await;
        assert_eq!(done["state"], "CANCELLED");
    }

    async fn failed(&mut self, family: &Family) {
        let (number, asked) = self.waiting(family).await;
        let reason = "REAL_NAME_CHECK_FAIL";
        self.confirm(&number, &json!({ "fail_reason": reason }))
            .await;
        let done = self.query(family, &number, &asked).await;
        assert_eq!(done["state"], "FAIL");
        assert_eq!(done["fail_reason"], reason);
    }

    /// A user agrees to transfers, gets one, and then no more.
    async fn agreed(&mut self, agreed: &Agreed, family: &Family) {
        let number = self.number();
        let scene = ("/transfer_scene_id", json!("1000"));
        let authorization = [("/out_authorization_no", number.clone())];
        let apply = [authorization[0].clone(), scene.clone()];
        let asked = self.call(agreed.apply, &apply).await;
        assert_eq!(asked["state"], "WAIT_USER_CONFIRM");
        let seen = self.call(agreed.query, &authorization).await;
        assert_eq!(seen["state"], "WAIT_USER_CONFIRM");
        assert_eq!(seen["create_time"], asked["create_time"]);
        assert_eq!(seen["authorization_id"], Value::Null);
        if self.extent == Full && agreed.query == "transfer.query_user_authorization" {
            assert_eq!(seen["package_info"], asked["package_info"]);
        }
        self.confirm(&number, &json!({})).await;
        let seen = self.call(agreed.query, &authorization).await;
        assert_eq!(seen["state"], "TAKING_EFFECT");
        let mut payee = vec![
            scene,
            ("/authorization_id", seen["authorization_id"].clone()),
        ];
        if self.extent == Full && agreed.transfer == "transfer.create_authorized_transfer" {
            payee.extend(authorization.clone());
        }
        let (bill, sent) = self.ask(agreed.transfer, &payee).await;
        assert_eq!(sent["state"], "ACCEPTED");
        assert_eq!(sent["openid"], seen["openid"]);
        let done = self.query(family, &bill, &sent).await;
        assert_eq!(done["state"], "SUCCESS");
        let closed = self.call(agreed.close, &authorization).await;
        assert_eq!(closed["state"], "CLOSED");
        assert_eq!(closed["authorization_id"], seen["authorization_id"]);
        assert_eq!(closed["close_info"]["close_reason"], "CLOSE_VIA_MCH_API");
        assert_eq!(self.call(agreed.query, &authorization).await, closed);
    }

    /// A user agrees to transfers while confirming one.
    async fn agreed_along(&mut self, agreed: &Agreed, family: &Family) {
        let number = self.number();
        let along = json!({
            "user_display_name": "天马行空", "out_authorization_no": number,
            "authorization_notify_url": crate::till::NOTIFY,
        });
        let values = match self.extent {
            Full => vec![("/authorization_info", along)],
            Extent::Least => Vec::new(),
        };
        let (bill, asked) = self.ask(agreed.along, &values).await;
        assert!(asked["package_info"].is_string(), "{asked}");
        self.confirm(&bill, &json!({})).await;
        let done = self.query(family, &bill, &asked).await;
        assert_eq!(done["state"], "SUCCESS");
        if self.extent == Full {
            let authorization = [("/out_authorization_no", number)];
            let seen = self.call(agreed.query, &authorization).await;
            assert_eq!(seen["state"], "TAKING_EFFECT");
            assert_eq!(seen["user_display_name"], "天马行空");
        }
    }

    async fn receipts(&mut self) {
        let (number, id) = self.confirmed(&FAMILIES[0]).await;
        let by_number = [("/out_bill_no", number)];
        let by_id = [("/transfer_bill_no", id)];
        let asked = self
            .call("transfer.apply_receipt_by_out_bill_no", &by_number)
            .await;
        assert_eq!(asked["state"], "GENERATING");
        let again = self
            .call("transfer.apply_receipt_by_transfer_bill_no", &by_id)
            .await;
        assert_eq!(again["create_time"], asked["create_time"]);
        self.till.seconds_pass(1).await;
        let receipt = self
            .call("transfer.query_receipt_by_out_bill_no", &by_number)
            .await;
        assert_eq!(receipt["state"], "FINISHED");
        assert_eq!(receipt["hash_type"], "SHA256");
        let same = self
            .call("transfer.query_receipt_by_transfer_bill_no", &by_id)
            .await;
        assert_eq!(same, receipt);
        let url = receipt["download_url"].as_str().unwrap();
        let (_, token) = url.split_once("token=").unwrap();
        let token = [("/token", json!(token))];
        let file = self.call("batch_transfer.download_sign_file", &token).await;
        assert!(file["bytes"].as_u64().unwrap() > 500, "{file}");

        let value = receipt["hash_value"].as_str().unwrap();
        let announced = ExpectedHash::new(receipt["hash_type"].as_str().unwrap(), value).unwrap();
        let mut download = self.till.client.download(url, announced).await.unwrap();
        while download.chunk().await.unwrap().is_some() {}
        assert_eq!(download.length(), file["bytes"].as_u64().unwrap());
        // The same digits are no SM3 of it.
        let another = ExpectedHash::sm3(value).unwrap();
        let mut download = self.till.client.download(url, another).await.unwrap();
        let error = loop {
            match download.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a receipt with another hash must not end well"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Content);
    }

    /// Three transfers at once, one of which fails.
    async fn batch(&mut self) {
        let stranger = "oUpF8uMEb4qRXf22hE3X68TekukE";
        self.set(&json!({ "failing": { stranger: "OPENID_INVALID" } }))
            .await;
        let number = self.number();
        let detail = |number: &str, amount: i64| {
            json!({
                "out_detail_no": number, "transfer_amount": amount, "transfer_remark": "佣金",
                "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            })
        };
        let mut details = [detail("d1", 20), detail("d2", 250_000), detail("d3", 500)];
        details[1]["user_name"] = json!(NAME);
        details[2]["openid"] = json!(stranger);
        let batch = [
            ("/out_batch_no", number.clone()),
            ("/total_amount", json!(250_520)),
            ("/total_num", json!(3)),
            ("/transfer_detail_list", json!(details)),
        ];
        let asked = self.call("batch_transfer.create_batch", &batch).await;
        assert_eq!(asked["out_batch_no"], number);
        let mut by_number = vec![("/out_batch_no", number.clone())];
        let mut by_id = vec![("/batch_id", asked["batch_id"].clone())];
        let (ids, numbers) = (by_id.clone(), by_number.clone());
        if self.extent == Full {
            for query in [&mut by_number, &mut by_id] {
                query.push(("/offset", json!(0)));
                query.push(("/detail_status", json!("ALL")));
            }
        }
        let seen = self
            .call("batch_transfer.query_batch_by_out_batch_no", &by_number)
            .await;
        let facts = &seen["transfer_batch"];
        for name in ["out_batch_no", "batch_id", "create_time"] {
            assert_eq!(facts[name], asked[name]);
        }
        assert_eq!(facts["batch_status"], "FINISHED");
        assert_eq!(facts["success_amount"], 250_020);
        assert_eq!(facts["success_num"], 2);
        assert_eq!(facts["fail_amount"], 500);
        let same = self.call("batch_transfer.query_batch_by_id", &by_id).await;
        assert_eq!(same["transfer_batch"], *facts);
        assert_eq!(same["transfer_detail_list"], seen["transfer_detail_list"]);
        let listed = seen["transfer_detail_list"].as_array().unwrap();
        let wanted = ["SUCCESS", "SUCCESS", "FAIL"];
        assert_eq!(listed.len(), wanted.len());
        for ((listed, sent), status) in listed.iter().zip(&details).zip(wanted) {
            assert_eq!(listed["out_detail_no"], sent["out_detail_no"]);
            assert_eq!(listed["detail_status"], status);
            let mut number = numbers.clone();
            number.push(("/out_detail_no", sent["out_detail_no"].clone()));
            let detail = self
                .call("batch_transfer.query_detail_by_out_detail_no", &number)
                .await;
            assert_eq!(detail["detail_status"], status);
            assert_eq!(detail["transfer_amount"], sent["transfer_amount"]);
            if sent["user_name"].is_string() {
                assert_eq!(detail["user_name"], NAME);
            }
            let mut id = ids.clone();
            id.push(("/detail_id", listed["detail_id"].clone()));
            let same = self.call("batch_transfer.query_detail_by_id", &id).await;
            assert_eq!(same, detail);
        }
    }
}
