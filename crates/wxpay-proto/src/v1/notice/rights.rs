//! The rights notice: a payer complains.

use wxpay_json::open_enum;
use wxpay_sign::Timestamp;
use wxpay_xml::Limits;

use super::super::merchant::Merchant;
use super::{NoticeError, Signed};

open_enum! {
    /// What a rights notice is about (通知类型).
    pub enum RightsKind {
        /// The payer complains (用户提交投诉).
        Request = "request",
        /// The payer says that it is settled (用户确认消除投诉).
        Confirm = "confirm",
        /// The payer says that it is not (用户拒绝消除投诉).
        Reject = "reject",
    }
}

/// A rights notice (维权通知). The signature covers who, when and which app, **and nothing else**: that this payer
/// complains is proven, what about is only said. Look the trade up before money moves.
///
/// Answer with [`success`](crate::v1::reply::success). A settled complaint is reported with
/// `/payfeedback/update`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RightsNotice {
    /// Who complains. Signed.
    pub openid: String,
    /// When. Signed.
    pub timestamp: Timestamp,
    /// What it is about.
    pub kind: RightsKind,
    /// The number of the complaint (投诉单号).
    pub feedback_id: String,
    /// The trade (交易单号). Not there when a complaint is settled or not.
    pub transaction_id: Option<String>,
    /// What is wrong.
    pub reason: Option<String>,
    /// What the payer wants.
    pub solution: Option<String>,
    /// What else the payer says, a phone number for instance.
    pub ext_info: Option<wxpay_json::Sensitive>,
    /// Addresses of pictures, at most five.
    pub pictures: Vec<String>,
}

impl RightsNotice {
    pub(crate) fn open(merchant: &Merchant, body: &[u8]) -> Result<Self, NoticeError> {
        let limits = Limits::new().lists(true);
        let signed = Signed::open(merchant, body, &["AppId", "OpenId", "TimeStamp"], limits)?;
        let some = |name| signed.get(name).map(str::to_owned);
        let pictures = signed.0.records("PicInfo", "item");
        let pictures = pictures.filter_map(|item| item.get("PicUrl").map(str::to_owned));
        let pictures = pictures.filter(|url| !url.is_empty()).collect();
        Ok(Self {
            openid: signed.text("OpenId")?,
            timestamp: signed.seconds("TimeStamp")?,
            kind: RightsKind::from(signed.text("MsgType")?),
            feedback_id: signed.text("FeedBackId")?,
            transaction_id: some("TransId"),
            reason: some("Reason"),
            solution: some("Solution"),
            ext_info: some("ExtInfo").map(wxpay_json::Sensitive::from),
            pictures,
        })
    }
}
