//! The alarm notice.

use wxpay_sign::Timestamp;
use wxpay_xml::Limits;

use super::super::merchant::Merchant;
use super::{NoticeError, Signed};

/// An alarm notice (告警通知): something is going wrong at the merchant's, verified in every field. Answer with
/// [`success`](crate::v1::reply::success).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AlarmNotice {
    /// What kind it is; `1001` says that deliveries are not reported in time (发货超时).
    pub error_type: String,
    /// What kind it is, in Chinese.
    pub description: String,
    /// The particulars, such as `transaction_id=…`.
    pub alarm_content: String,
    /// When.
    pub timestamp: Timestamp,
}

impl AlarmNotice {
    pub(crate) fn open(merchant: &Merchant, body: &[u8]) -> Result<Self, NoticeError> {
        let signed = [
            "AlarmContent",
            "AppId",
            "Description",
            "ErrorType",
            "TimeStamp",
        ];
        let signed = Signed::open(merchant, body, &signed, Limits::new())?;
        let or_empty = |name| signed.get(name).unwrap_or_default().to_owned();
        Ok(Self {
            error_type: signed.text("ErrorType")?,
            description: or_empty("Description"),
            alarm_content: or_empty("AlarmContent"),
            timestamp: signed.seconds("TimeStamp")?,
        })
    }

    /// The trade that the particulars name as `transaction_id=…`, where they do.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&str> {
        let (_, rest) = self.alarm_content.split_once("transaction_id=")?;
        let end = rest
            .find(|one: char| !one.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    }
}
