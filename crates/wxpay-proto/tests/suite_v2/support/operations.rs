//! Operations as `wxpay-api` has them, one of each kind.

use serde::Serialize;
use wxpay_proto::bytes::Bytes;
use wxpay_proto::json::check;
use wxpay_proto::v2::{
    DateForm, Decode, Fields, Form, Operation, OperationInfo, Reply, ReplyForm, Request, Signing,
    TimeForm,
};
use wxpay_proto::{
    BodyError, Date, DateTime, DecodeError, Fen, Idempotency, InvalidField, Sensitive,
};

/// An order.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) body: String,
    pub(crate) total_fee: Fen,
    pub(crate) attach: Option<String>,
    pub(crate) time_expire: Option<DateTime>,
}

impl Order {
    pub(crate) fn new(body: &str) -> Self {
        Self {
            body: body.to_owned(),
            total_fee: Fen::new(100),
            attach: None,
            time_expire: None,
        }
    }
}

impl Request for Order {
    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "v2.pay.unified_order",
            "/pay/unifiedorder",
            Idempotency::MerchantNumber,
        )
    }

    fn check(&self) -> Result<(), InvalidField> {
        check::text("body", &self.body, 1, 128)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("appid", super::APPID);
        form.text("attach", self.attach.as_deref());
        form.text("body", self.body.as_str());
        form.text("notify_url", "https://shop.example/pay/notify");
        form.text("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
        form.text("out_trade_no", "20240101103456001");
        form.text("spbill_create_ip", "203.0.113.7");
        form.time("time_expire", self.time_expire, TimeForm::Compact);
        form.fen("total_fee", self.total_fee);
        form.text("trade_type", "JSAPI");
        Ok(())
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Prepaid {
    pub(crate) prepay_id: String,
    pub(crate) trade_type: String,
}

impl Decode for Prepaid {
    fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            prepay_id: fields.text("prepay_id")?,
            trade_type: fields.text("trade_type")?,
        })
    }
}

impl Operation for Order {
    type Response = Prepaid;

    fn read(&self, reply: &Reply<'_>) -> Result<Prepaid, DecodeError> {
        Decode::read(reply)
    }
}

/// A query.
pub(crate) struct OrderQuery(pub(crate) &'static str);

impl Request for OrderQuery {
    fn info(&self) -> OperationInfo {
        OperationInfo::new("v2.pay.order_query", "/pay/orderquery", Idempotency::Safe)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("out_trade_no", self.0);
        Ok(())
    }
}

impl Operation for OrderQuery {
    type Response = (String, Vec<Coupon>);

    fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError> {
        let coupons = reply.family(&["coupon_fee", "coupon_id", "coupon_type"], Coupon::read)?;
        Ok((reply.text("trade_state")?, coupons))
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Coupon {
    pub(crate) fee: Option<Fen>,
    pub(crate) id: String,
    pub(crate) kind: Option<String>,
}

impl Decode for Coupon {
    fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            fee: fields.fen_opt("coupon_fee")?,
            id: fields.text("coupon_id")?,
            kind: fields.text_opt("coupon_type"),
        })
    }
}

/// Two numbers to a name.
pub(crate) struct RefundQuery;

impl Request for RefundQuery {
    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "v2.refund.refund_query",
            "/pay/refundquery",
            Idempotency::Safe,
        )
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("appid", super::APPID);
        form.text("out_trade_no", "1415757673");
        Ok(())
    }
}

/// Number, amount, when it arrived, and numbers and amounts of the coupons.
pub(crate) type Refund = (String, Fen, Option<DateTime>, Vec<(String, Fen)>);

impl Operation for RefundQuery {
    type Response = Vec<Refund>;

    fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError> {
        let coupon = |fields: &Fields<'_>| {
            let fee = fields.fen("coupon_refund_fee")?;
            Ok((fields.text("coupon_refund_id")?, fee))
        };
        reply.family(&["out_refund_no", "refund_fee"], |fields| {
            let coupons = fields.family(&["coupon_refund_id"], coupon)?;
            let number = fields.text("out_refund_no")?;
            let fee = fields.fen("refund_fee")?;
            let time = fields.time_opt("refund_success_time", TimeForm::Spaced)?;
            Ok((number, fee, time, coupons))
        })
    }
}

/// JSON in a field, HMAC-SHA256 only, a client certificate.
pub(crate) struct Sharing {
    pub(crate) receivers: Vec<Receiver>,
}

#[derive(Serialize)]
pub(crate) struct Receiver {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) account: &'static str,
    pub(crate) amount: Fen,
    pub(crate) description: &'static str,
}

impl Request for Sharing {
    fn info(&self) -> OperationInfo {
        let path = "/secapi/pay/profitsharing";
        OperationInfo::new("v2.share", path, Idempotency::MerchantNumber)
            .signing(Signing::HmacSha256)
            .with_certificate()
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("appid", "wx8888888888888888");
        form.text("out_order_no", "P20150806125346");
        form.json(
            "receivers",
            (!self.receivers.is_empty()).then_some(&self.receivers),
        )?;
        form.text("transaction_id", "4208450740201411110007820472");
        Ok(())
    }
}

/// A nested list; not signed.
pub(crate) struct HbInfo;

impl Request for HbInfo {
    fn info(&self) -> OperationInfo {
        let path = "/mmpaymkttransfers/gethbinfo";
        OperationInfo::new("v2.red_packet.get_hb_info", path, Idempotency::Safe)
            .with_certificate()
            .reply(ReplyForm::Unsigned)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("mch_billno", "9010080799701411170000046603");
        Ok(())
    }
}

impl Operation for HbInfo {
    type Response = Vec<(String, Fen)>;

    fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError> {
        reply.records("hblist", "hbinfo", |fields| {
            Ok((fields.text("openid")?, fields.fen("amount")?))
        })
    }
}

/// A file.
pub(crate) struct Bill(pub(crate) Date);

impl Request for Bill {
    fn info(&self) -> OperationInfo {
        let path = "/pay/downloadbill";
        OperationInfo::new("v2.bill.download_bill", path, Idempotency::Safe).reply(ReplyForm::File)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.date("bill_date", self.0, DateForm::Compact);
        Ok(())
    }
}

impl Operation for Bill {
    type Response = Bytes;

    fn read(&self, reply: &Reply<'_>) -> Result<Bytes, DecodeError> {
        Ok(reply.body().clone())
    }
}

/// A transfer to a bank card: encrypted fields, no signature on the answer.
pub(crate) struct PayBank {
    pub(crate) number: Sensitive,
    pub(crate) name: Sensitive,
}

impl Request for PayBank {
    fn info(&self) -> OperationInfo {
        let path = "/mmpaysptrans/pay_bank";
        OperationInfo::new("v2.transfer.pay_bank", path, Idempotency::MerchantNumber)
            .signing(Signing::Md5)
            .without_sign_type()
            .with_certificate()
            .reply(ReplyForm::Unsigned)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.integer("amount", 100);
        form.text("bank_code", "1001");
        form.encrypted("enc_bank_no", Some(&self.number))?;
        form.encrypted("enc_true_name", Some(&self.name))?;
        Ok(())
    }
}

impl Operation for PayBank {
    type Response = String;

    fn read(&self, reply: &Reply<'_>) -> Result<String, DecodeError> {
        reply.text("payment_no")
    }
}

/// A red packet of WeCom: two signatures.
pub(crate) struct WorkWechat;

impl Request for WorkWechat {
    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "v2.red_packet.work_wechat",
            "/mmpaymkttransfers/sendworkwxredpack",
            Idempotency::MerchantNumber,
        )
        .signing(Signing::Md5)
        .without_sign_type()
        .workwx_sign(&[
            "act_name",
            "mch_billno",
            "mch_id",
            "nonce_str",
            "re_openid",
            "total_amount",
            "wxappid",
        ])
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("act_name", "XXX");
        form.text("mch_billno", "11111234567890");
        form.text("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E");
        form.integer("total_amount", 100);
        form.text("wishing", "新年快乐");
        form.text("wxappid", "wx123456789");
        Ok(())
    }
}

/// A file to upload.
pub(crate) struct Upload(pub(crate) Bytes);

impl Request for Upload {
    fn info(&self) -> OperationInfo {
        let path = "/secapi/mch/uploadmedia";
        OperationInfo::new("v2.applyment.upload_media", path, Idempotency::No)
            .signing(Signing::HmacSha256)
            .without_nonce()
            .with_certificate()
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.file("media", "身份证.png", "image/png", &self.0);
        form.file_hash("media_hash", &self.0);
        Ok(())
    }
}

/// JSON for an answer, and a GET.
pub(crate) struct Token;

impl Request for Token {
    fn info(&self) -> OperationInfo {
        OperationInfo::new("v2.token", "/appauth/getaccesstoken", Idempotency::Safe)
            .host(wxpay_proto::v2::Host::PayAppMch)
            .without_nonce()
            .with_query()
            .reply(ReplyForm::Json)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.text("code", "a b+c");
        Ok(())
    }
}

impl Operation for Token {
    type Response = String;

    fn read(&self, reply: &Reply<'_>) -> Result<String, DecodeError> {
        String::from_utf8(reply.body().to_vec()).map_err(|_| DecodeError::at("", "not UTF-8"))
    }
}
