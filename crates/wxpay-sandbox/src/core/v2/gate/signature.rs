//! Whether a request is signed, and what may be wrong where it is not.

use wxpay_sign::{ApiV2Key, SignType, WorkwxSecret};

use super::{Refused, Visit};
use crate::core::book::Signing;
use crate::core::book::v2::Refusal;
use crate::core::v2::facts::{OnlySign, Realm};
use crate::core::v2::wire::Pairs;
use crate::identity::Identity;

impl Visit<'_> {
    pub(super) fn authenticate(&self, fields: &Pairs) -> Result<Signing, Refused> {
        let sign_type = self.sign_type(fields)?;
        let signing = Signing {
            hmac: sign_type == SignType::HmacSha256,
            sandbox_key: self.realm != Realm::Real,
        };
        let wrong = |problem: String| Refused::protocol("签名错误，请检查后再试", problem);
        let Some(key) = signing.key(self.identity) else {
            let problem =
                "merchant.json has no api_key, and without it nothing of v2 can be verified";
            return Err(Refused::protocol("商户未设置API密钥", problem));
        };
        let Some(sign) = fields.get("sign") else {
            return Err(wrong("there is no sign".to_owned()));
        };
        let expected = match sign_type {
            SignType::HmacSha256 => 64,
            _ => 32,
        };
        if sign.len() == expected && key.verify(fields.iter(), sign).is_ok() {
            return Ok(signing);
        }
        Err(wrong(diagnose(&key, fields, sign, signing, self.identity)))
    }

    /// The type the request says, or the one the interface takes where requests do not say it.
    fn sign_type(&self, fields: &Pairs) -> Result<SignType, Refused> {
        let only = self.operation.sign;
        let said = match fields.get("sign_type") {
            Some("MD5") => SignType::Md5,
            Some("HMAC-SHA256") => SignType::HmacSha256,
            None if !self.operation.sign_type && only == Some(OnlySign::HmacSha256) => {
                SignType::HmacSha256
            }
            None => SignType::Md5,
            Some(_) => {
                return Err(Refused::protocol(
                    "sign_type参数错误，仅支持MD5和HMAC-SHA256",
                    "sign_type is neither MD5 nor HMAC-SHA256",
                ));
            }
        };
        let taken = match only {
            None => return Ok(said),
            Some(OnlySign::Md5) => SignType::Md5,
            Some(OnlySign::HmacSha256) => SignType::HmacSha256,
        };
        if said == taken {
            return Ok(said);
        }
        Err(Refused::protocol(
            format!("签名类型错误，此接口仅支持{taken}"),
            format!("this interface takes {taken} only; the request is for {said}"),
        ))
    }

    /// The second signature of 企业微信, with the secret of its payment application: here the
    /// merchant's `app_secret`.
    pub(super) fn check_workwx_sign(&self, fields: &Pairs) -> Option<Refusal> {
        let names = &self.operation.workwx_sign;
        if names.is_empty() {
            return None;
        }
        let Ok(secret) = WorkwxSecret::new(self.identity.app_secret().expose()) else {
            return Some(Refusal::new(
                "WORKWX_SIGN_ERROR",
                "商户未设置企业微信支付应用secret",
            ));
        };
        let chosen = names
            .iter()
            .filter_map(|name| Some((name.as_str(), fields.get(name)?)));
        let expected = secret.workwx_sign(chosen);
        (fields.get("workwx_sign") != Some(&expected)).then(|| {
            Refusal::new(
                "WORKWX_SIGN_ERROR",
                "企业微信签名错误：workwx_sign，secret为merchant.json的app_secret",
            )
        })
    }
}

/// Why a signature may be wrong, in words that help and give nothing away.
fn diagnose(
    key: &ApiV2Key,
    fields: &Pairs,
    sign: &str,
    signing: Signing,
    identity: &Identity,
) -> String {
    let said = signing.sign_type();
    let upper = sign.to_ascii_uppercase();
    let without_type = || fields.iter().filter(|(name, _)| *name != "sign_type");
    let other_key = Signing {
        sandbox_key: !signing.sandbox_key,
        ..signing
    };
    let fits_other_key = || {
        other_key
            .key(identity)
            .is_some_and(|key| key.verify(fields.iter(), &upper).is_ok())
    };
    let why = if !matches!(sign.len(), 32 | 64) {
        format!(
            "sign has {} characters, {said} has {}",
            sign.len(),
            if signing.hmac { 64 } else { 32 }
        )
    } else if key.verify(fields.iter(), &upper).is_ok() && upper != sign {
        "it is right but for its case: the digits are upper-case".to_owned()
    } else if key.verify(fields.iter(), &upper).is_ok() {
        format!("it is right for another type; without sign_type it is MD5, here it must be {said}")
    } else if key.verify(without_type(), &upper).is_ok() {
        "sign_type was sent and left out of the signature".to_owned()
    } else if fits_other_key() {
        if signing.sandbox_key {
            "it is made with the merchant's key; within WeChat Pay's sandboxes it is the sandbox key's (getsignkey)".to_owned()
        } else {
            "it is made with the sandbox key, which holds within WeChat Pay's sandboxes only"
                .to_owned()
        }
    } else {
        let names: Vec<&str> = fields
            .iter()
            .map(|(name, _)| name)
            .filter(|name| *name != "sign")
            .collect();
        format!(
            "sign does not match {said} over {}: another key, another value, or a field left out",
            crate::core::check::clip(&names.join(", "), 512)
        )
    };
    format!("签名错误: {why}")
}
