//! Texts that look like what their field is called.

use wxpay_json::DateTime;

use super::{Maker, offset};
use crate::core::check;

impl Maker<'_> {
    pub(super) fn text(&self, name: &str, label: Option<&str>, entry: usize) -> String {
        if let Some(party) = self.party(name) {
            return party.to_owned();
        }
        let mut ids = self.ids(name, entry);
        let now = self.call.now.as_unix();
        let ends = |ending: &str| name.ends_with(ending);
        let has = |part: &str| name.contains(part);
        match name {
            "transaction_id" => return format!("4200{}", ids.digits(24)),
            "refund_id" => return format!("5030{}", ids.digits(25)),
            "prepay_id" => return ids.prepay_id(self.call.now),
            "code_url" => return format!("weixin://wxpay/bizpayurl?pr={}", ids.alphanumeric(9)),
            "bank_type" => return "OTHERS".to_owned(),
            "code" | "resp_code" | "sub_code" => return "SUCCESS".to_owned(),
            "message" | "msg" | "resp_desc" | "sub_msg" => return "成功".to_owned(),
            "trade_type" => return "JSAPI".to_owned(),
            "longitude" => return "113.934528".to_owned(),
            "latitude" => return "22.540503".to_owned(),
            _ => {}
        }
        if ends("currency") {
            "CNY".to_owned()
        } else if has("url") || ends("link") || matches!(name, "next" | "prev" | "self") {
            format!("https://sandbox.example/{}", ids.alphanumeric(16))
        } else if ends("state") || ends("status") {
            "SUCCESS".to_owned()
        } else if ends("path") {
            "pages/index/index".to_owned()
        } else if ends("_time") {
            DateTime::beijing(now.saturating_add(offset(name))).to_string()
        } else if ends("_date") {
            DateTime::beijing(now.saturating_add(offset(name)))
                .date()
                .to_string()
        } else if ends("_ip") || name == "ip" {
            "127.0.0.1".to_owned()
        } else if has("phone") || has("mobile") || ends("_tel") {
            format!("138{}", ids.digits(8))
        } else if has("email") {
            "sandbox@example.com".to_owned()
        } else if has("color") {
            "Color010".to_owned()
        } else if ends("_no") || ends("_sn") || has("number") || ends("_tail") {
            ids.digits(16)
        } else if ends("id") || ends("code") || ends("token") || has("package") || ends("_key") {
            ids.alphanumeric(24)
        } else if has("hash") || has("nonce") || has("sign") {
            ids.hex(32)
        } else {
            check::clip(&format!("沙箱{}", label.unwrap_or(name)), 32)
        }
    }

    /// Who takes part, by the names they go by.
    fn party(&self, name: &str) -> Option<&str> {
        let is_sub = name.starts_with("sub_");
        let identity = self.identity;
        if name.ends_with("mchid") || name.ends_with("mch_id") {
            Some(if is_sub {
                identity.sub_mchid()
            } else {
                identity.mchid()
            })
        } else if name.ends_with("appid") {
            Some(if is_sub {
                identity.sub_appid()
            } else {
                identity.appid()
            })
        } else if name.ends_with("openid") {
            Some(identity.openid())
        } else {
            None
        }
    }
}
