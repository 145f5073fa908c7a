//! What the four families of interfaces have of their own.

use serde::{Deserialize, Serialize};

use crate::core::book::{Book, given};
use crate::core::call::{Call, Failure};

/// Through which family somebody asks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// A merchant for itself.
    #[default]
    Own,
    /// A provider for its sub-merchant.
    Partner,
    /// An e-commerce platform for its sub-merchant.
    Platform,
    /// A merchant, to a QQ wallet.
    QqWallet,
}

impl Family {
    pub(super) fn of(call: &Call<'_>) -> Self {
        let path = call.path_template;
        if path.starts_with("/v3/fund-app/mch-transfer/partner/") {
            Self::Partner
        } else if path.starts_with("/v3/ecommerce/") {
            Self::Platform
        } else if path.contains("/transfer-to-qq-wallet-bills") {
            Self::QqWallet
        } else {
            Self::Own
        }
    }

    /// What a merchant's number is called.
    pub(super) fn mchid(self) -> &'static str {
        match self {
            Self::Own => "mch_id",
            Self::Partner | Self::Platform | Self::QqWallet => "mchid",
        }
    }

    /// What is not shown of a transfer to one who queries it.
    pub(super) fn unseen(self) -> &'static [&'static str] {
        match self {
            Self::Own | Self::Partner => &["transfer_scene_id", "user_qq", "package_info"],
            Self::Platform => &["user_qq", "package_info"],
            Self::QqWallet => &["transfer_scene_id", "package_info"],
        }
    }

    /// What is shown to one who has just asked for it; everything to be queried where none is said.
    pub(super) fn seen_at_first(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Own => Some(&[
                "out_bill_no",
                "transfer_bill_no",
                "create_time",
                "state",
                "fail_reason",
                "package_info",
            ]),
            Self::Partner => Some(&[
                "sub_mchid",
                "out_bill_no",
                "transfer_bill_no",
                "create_time",
                "package_info",
            ]),
            Self::Platform => Some(&[
                "sub_mchid",
                "out_bill_no",
                "transfer_bill_no",
                "create_time",
                "state",
                "fail_reason",
                "package_info",
            ]),
            Self::QqWallet => None,
        }
    }

    /// The same for one who has cancelled it.
    pub(super) fn seen_when_cancelled(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Own => Some(&["out_bill_no", "transfer_bill_no", "state", "update_time"]),
            Self::Partner => Some(&[
                "sub_mchid",
                "out_bill_no",
                "transfer_bill_no",
                "state",
                "transfer_amount",
                "transfer_remark",
                "fail_reason",
                "openid",
                "user_name",
                "create_time",
                "update_time",
            ]),
            Self::Platform => Some(&[
                "sub_mchid",
                "out_bill_no",
                "transfer_bill_no",
                "state",
                "update_time",
            ]),
            Self::QqWallet => None,
        }
    }
}

impl Book {
    /// For whom a transfer is asked: a sub-merchant, in the families that name one.
    pub(super) fn transfers_for(&self, call: &Call<'_>) -> Result<Option<String>, Failure> {
        match Family::of(call) {
            Family::Own | Family::QqWallet => Ok(None),
            Family::Partner | Family::Platform => {
                let sub_mchid = given(call, "sub_mchid").unwrap_or_default();
                self.sub_merchant(&sub_mchid)?;
                Ok(Some(sub_mchid))
            }
        }
    }
}
