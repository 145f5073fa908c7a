//! What WeChat on the payer's phone is handed: by a page (JSAPI) and by an app.

use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::keys::Keys;
use super::package;
use crate::core::Core;
use crate::core::book::v1::{Placing, Way};

/// What `POST /_sandbox/v1/jsapi` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// The argument of `getBrandWCPayRequest`.
    request: PageRequest,
    /// Who opened the page. Left out: the sandbox's payer.
    #[serde(default)]
    openid: Option<String>,
    /// Whether the payer pays.
    #[serde(default)]
    pay: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PageRequest {
    app_id: String,
    time_stamp: String,
    nonce_str: String,
    package: String,
    sign_type: String,
    pay_sign: String,
}

/// What `POST /_sandbox/v1/app` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    /// What the app hands to WeChat's SDK.
    request: AppRequest,
    #[serde(default)]
    openid: Option<String>,
    #[serde(default)]
    pay: bool,
}

/// The names are those of the interface, or of the SDK for Android.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppRequest {
    #[serde(alias = "appId")]
    appid: String,
    #[serde(alias = "partnerId")]
    partnerid: String,
    #[serde(alias = "prepayId")]
    prepayid: String,
    #[serde(alias = "packageValue")]
    package: String,
    #[serde(alias = "nonceStr")]
    noncestr: String,
    #[serde(alias = "timeStamp")]
    timestamp: Value,
    sign: String,
}

impl Core {
    /// A page calls `getBrandWCPayRequest`. The error says what WeChat would not take.
    pub(super) fn page_calls(&mut self, page: &Page, now: Timestamp) -> Result<Value, String> {
        let keys = Keys::of(&self.identity)?;
        let request = &page.request;
        if request.app_id != self.identity.appid() {
            return Err("appId is not the merchant's".to_owned());
        }
        if request.sign_type != "SHA1" {
            return Err("signType is not SHA1".to_owned());
        }
        seconds("timeStamp", &request.time_stamp)?;
        nonce("nonceStr", &request.nonce_str)?;
        let signed = [
            ("appId", &request.app_id),
            ("nonceStr", &request.nonce_str),
            ("package", &request.package),
            ("timeStamp", &request.time_stamp),
        ];
        if keys.pay_sign.verify(signed, &request.pay_sign).is_err() {
            return Err(
                "paySign does not match the SHA-1 over appid, appkey, noncestr, package and timestamp".to_owned(),
            );
        }
        let order = package::open(&request.package, &keys, &self.identity)
            .map_err(package::Wrong::problem)?;
        let openid = page
            .openid
            .clone()
            .unwrap_or_else(|| self.identity.openid().to_owned());
        let placing = Placing {
            package: &order,
            way: Way::Jsapi,
            openid: Some(&openid),
            now,
        };
        self.book
            .v1_place(&placing, &mut self.ids)
            .map_err(|failure| failure.message)?;
        let mut said = self.paid(&order.out_trade_no, None, page.pay, now)?;
        said["err_msg"] = json!(if page.pay {
            "get_brand_wcpay_request:ok"
        } else {
            "get_brand_wcpay_request:cancel"
        });
        said["remarks"] = json!(order.remarks);
        Ok(said)
    }

    /// An app hands a prepayid to WeChat. The error says what WeChat would not take.
    pub(super) fn app_calls(&mut self, app: &App, now: Timestamp) -> Result<Value, String> {
        let keys = Keys::of(&self.identity)?;
        let request = &app.request;
        if request.appid != self.identity.appid() {
            return Err("appid is not the merchant's".to_owned());
        }
        if request.partnerid != self.identity.partner_id() {
            return Err("partnerid is not the merchant's".to_owned());
        }
        if !request.package.eq_ignore_ascii_case("Sign=WXPay") {
            return Err("package is not Sign=WXPay".to_owned());
        }
        let timestamp = match &request.timestamp {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        seconds("timestamp", &timestamp)?;
        nonce("noncestr", &request.noncestr)?;
        let signed = [
            ("appid", &request.appid),
            ("noncestr", &request.noncestr),
            ("package", &request.package),
            ("partnerid", &request.partnerid),
            ("prepayid", &request.prepayid),
            ("timestamp", &timestamp),
        ];
        if keys.pay_sign.verify(signed, &request.sign).is_err() {
            return Err(
                "sign does not match the SHA-1 over appid, appkey, noncestr, package, partnerid, prepayid and timestamp"
                    .to_owned(),
            );
        }
        let number = self.book.order_of_prepay(&request.prepayid, now);
        let number = number
            .ok_or("prepayid is that of no order, or was given out more than two hours ago")?;
        let mut said = self.paid(&number, app.openid.as_deref(), app.pay, now)?;
        said["err_code"] = json!(if app.pay { 0 } else { -2 });
        Ok(said)
    }

    /// The payer pays, or looks and leaves.
    fn paid(
        &mut self,
        number: &str,
        openid: Option<&str>,
        pay: bool,
        now: Timestamp,
    ) -> Result<Value, String> {
        let order = if pay {
            let mut deed = json!({});
            if let Some(openid) = openid {
                deed["openid"] = json!(openid);
            }
            let paid = self.book.pay(number, &deed, now, &mut self.ids);
            paid.map_err(|failure| failure.message)?
        } else {
            self.book.order(number).unwrap_or_default()
        };
        Ok(json!({ "out_trade_no": number, "order": order }))
    }
}

fn seconds(name: &str, text: &str) -> Result<(), String> {
    if (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(format!("{name} must be Unix seconds"))
    }
}

fn nonce(name: &str, text: &str) -> Result<(), String> {
    if (1..=32).contains(&text.len()) {
        Ok(())
    } else {
        Err(format!("{name} must have 1 to 32 characters"))
    }
}
