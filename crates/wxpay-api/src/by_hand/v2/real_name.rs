//! The exchange of a code for a token, which answers in JSON.

use serde::{Deserialize, Serialize};
use wxpay_json::{DecodeError, InvalidField, Sensitive, check};
use wxpay_proto::v2::{Form, Host, Operation, OperationInfo, Reply, ReplyForm, Request, Signing};
use wxpay_proto::{BodyError, Idempotency};

/// Exchanges the code that a payer came back with for a token.
///
/// 通过code换取accesstoken: `GET /appauth/getaccesstoken`,
/// [official page](https://pay.weixin.qq.com/wiki/doc/api/realnameauth.php?chapter=60_2&index=3). Always signed
/// with HMAC-SHA256. The answer is JSON and not signed: TLS alone says whose it is. A code is good once: where
/// the answer was lost, the payer has to agree again ([`Authorize`](crate::v2::real_name::Authorize)).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetAccessToken {
    /// App id the payer is known under (应用ID).
    pub appid: String,
    /// The payer under `appid` (微信openID).
    pub openid: String,
    /// The code (第一步返回的auth_code).
    pub code: Sensitive,
}

impl GetAccessToken {
    /// All of it.
    pub fn new(
        appid: impl Into<String>,
        openid: impl Into<String>,
        code: impl Into<Sensitive>,
    ) -> Self {
        Self {
            appid: appid.into(),
            openid: openid.into(),
            code: code.into(),
        }
    }
}

/// A token that asks for one payer's identity.
///
/// 接口调用凭证.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AccessToken {
    /// The token.
    pub access_token: Sensitive,
    /// For how many seconds it is good (access_token有效期).
    pub access_token_expire_in: i64,
    /// What a new token can be had for, as older texts say; none documents how.
    pub refresh_token: Option<Sensitive>,
    /// For how many seconds that is good.
    pub refresh_token_expire_in: Option<i64>,
}

/// The answer: its code is a number, or the same number as text.
#[derive(Deserialize)]
struct Answer {
    retcode: Code,
    #[serde(default)]
    retmsg: String,
    access_token: Option<Sensitive>,
    access_token_expire_in: Option<i64>,
    refresh_token: Option<Sensitive>,
    refresh_token_expire_in: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Number(i64),
    Text(String),
}

impl Request for GetAccessToken {
    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "v2.real_name.get_access_token",
            "/appauth/getaccesstoken",
            Idempotency::No,
        )
        .host(Host::PayAppMch)
        .signing(Signing::HmacSha256)
        .without_nonce()
        .with_query()
        .reply(ReplyForm::Json)
    }

    fn check(&self) -> Result<(), InvalidField> {
        check::text("appid", &self.appid, 1, 32)?;
        check::text("openid", &self.openid, 1, 128)?;
        check::text("code", &self.code, 1, usize::MAX)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("appid", self.appid.as_str());
        form.sensitive("code", Some(&self.code));
        form.text("grant_type", "authorization_code");
        form.text("openid", self.openid.as_str());
        form.text("scope", "pay_identity");
        Ok(())
    }
}

impl Operation for GetAccessToken {
    type Response = AccessToken;

    fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError> {
        let answer: Answer = wxpay_json::decode(reply.body())?;
        let good = match &answer.retcode {
            Code::Number(code) => *code == 0,
            Code::Text(code) => code == "0",
        };
        if !good {
            let Answer {
                retcode, retmsg, ..
            } = answer;
            return Err(DecodeError::at(
                "retcode",
                match retcode {
                    Code::Number(code) => format!("{code}: {retmsg}"),
                    Code::Text(code) => format!("{code}: {retmsg}"),
                },
            ));
        }
        let missing = |field| DecodeError::at(field, "missing");
        Ok(AccessToken {
            access_token: answer.access_token.ok_or_else(|| missing("access_token"))?,
            access_token_expire_in: answer
                .access_token_expire_in
                .ok_or_else(|| missing("access_token_expire_in"))?,
            refresh_token: answer.refresh_token,
            refresh_token_expire_in: answer.refresh_token_expire_in,
        })
    }
}
