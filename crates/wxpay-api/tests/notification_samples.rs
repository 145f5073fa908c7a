//! Notifications as the official pages show them, from the signed and sealed envelope to the value.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "support/merchant.rs"]
mod merchant;

use merchant::{key, notified};
use serde_json::Value;
use wxpay_api::brand_member::BrandMemberCardNotification;
use wxpay_api::complaint::ComplaintNotification;
use wxpay_api::favor::CouponUseNotification;
use wxpay_api::fund::WithdrawalNotification;
use wxpay_api::payscore::PayscoreOrderNotification;
use wxpay_api::profit_sharing::ProfitSharingNotification;
use wxpay_api::transfer::TransferBillNotification;
use wxpay_api::{ecommerce_profit_sharing, global_complaint};
use wxpay_proto::sign::Encryptor as _;
use wxpay_proto::{DateTime, Fen, Notification, Sensitive};

fn told(event: &str) -> Notification {
    told_as(event, event)
}

/// The plaintext of one event, told as another.
fn told_as(event: &str, file: &str) -> Notification {
    let path = format!(
        "{}/tests/vectors/notifications/{file}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut content: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    seal(&mut content);
    notified(event, &content)
}

/// Encrypts what stands between angle brackets.
fn seal(value: &mut Value) {
    match value {
        Value::String(text) => {
            let plain = text
                .strip_prefix('<')
                .and_then(|text| text.strip_suffix('>'));
            if let Some(plain) = plain {
                *text = key().public_key().encrypt(plain).unwrap();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(seal),
        Value::Object(fields) => fields.values_mut().for_each(seal),
        _ => {}
    }
}

#[test]
fn a_share_under_each_of_its_names() {
    for event in [
        "PROFITSHARING",
        "PROFITSHARING_RETURN",
        "PROFITSHARING.SUCCESS",
        "PROFITSHARING.RETURN",
        "TRANSACTION.SUCCESS",
    ] {
        let notification = told_as(event, "PROFITSHARING");
        let share: ProfitSharingNotification = notification.decode().unwrap();
        assert_eq!(share.out_order_no, "P20150806125346");
        assert_eq!(share.receiver.amount, Fen::new(888));
        // Platforms have the same with a type of their own.
        let share: ecommerce_profit_sharing::ProfitSharingNotification =
            notification.decode().unwrap();
        assert_eq!(share.receiver.account, "1900000100");
    }
}

#[test]
fn a_complaint_and_an_action_of_tomorrow() {
    let complaint: ComplaintNotification = told("COMPLAINT.CREATE").decode().unwrap();
    assert_eq!(complaint.complaint_id, "200201820200101080076610000");
    assert_eq!(complaint.action_type.as_str(), "CREATE_COMPLAINT");
    let changed = serde_json::json!({ "complaint_id": "1", "action_type": "USER_SANG" });
    let changed = notified("COMPLAINT.STATE_CHANGE", &changed);
    let complaint: ComplaintNotification = changed.decode().unwrap();
    assert_eq!(complaint.action_type.as_str(), "USER_SANG");
    let complaint: global_complaint::GlobalComplaintNotification = changed.decode().unwrap();
    assert_eq!(complaint.complaint_id, "1");
}

#[test]
fn a_transfer_that_nobody_confirmed() {
    let transfer: TransferBillNotification = told("MCHTRANSFER.BILL.FINISHED").decode().unwrap();
    assert_eq!(transfer.state.as_str(), "FAIL");
    assert_eq!(transfer.transfer_amount, Fen::new(4000));
    assert_eq!(transfer.mch_id.as_deref(), Some("1900007291"));
    assert_eq!(transfer.mchid, None);
    // Fractions of seconds are WeChat Pay's own.
    let unix = transfer.create_time.map(DateTime::as_unix);
    assert_eq!(unix, Some(1_704_076_496));
}

#[test]
fn a_service_order_that_was_paid() {
    let order: PayscoreOrderNotification = told("PAYSCORE.USER_PAID").decode().unwrap();
    assert_eq!(order.state.as_str(), "DONE");
    assert_eq!(order.post_payments[0].amount, Some(Fen::new(40000)));
    assert_eq!(order.post_discounts[0].amount, None);
    let collection = order.collection.unwrap();
    assert_eq!(collection.details.len(), 1);
}

#[test]
fn a_coupon_that_was_used() {
    let coupon: CouponUseNotification = told("COUPON.USE").decode().unwrap();
    assert_eq!(coupon.coupon_id, "9856001");
    assert!(coupon.discount_to.is_none());
    let used = coupon.consume_information.unwrap();
    assert_eq!(used.consume_mchid.as_deref(), Some("1900007291"));
}

#[test]
fn an_account_does_not_show() {
    let withdrawal: WithdrawalNotification = told("MCHWITHDRAW.CHANGE").decode().unwrap();
    let number = withdrawal.account_number.as_ref().unwrap();
    assert_eq!(number.expose(), "1178");
    let shown = format!("{withdrawal:?}");
    assert!(
        shown.contains("account_number: Some(Sensitive([redacted]))") && !shown.contains("1178"),
        "{shown}"
    );
}

#[test]
fn a_member_is_in_the_clear_and_does_not_show() {
    let event = "BRAND_MEMBER_CARD_SP.USER_CARD.CREATE";
    let card: BrandMemberCardNotification = told(event).decode().unwrap();
    let phone = card.phone_number.as_ref().map(Sensitive::expose);
    assert_eq!(phone, Some("13800138000"));
    let shown = format!("{card:?}");
    for secret in ["13800138000", "张三", "音乐", "运动"] {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
    let form = card.user_information.unwrap();
    let name = form.common_field_list[0].value.as_ref();
    assert_eq!(name.map(Sensitive::expose), Some("张三"));
    let chosen = &form.custom_field_list[0].user_chosen_values;
    let chosen: Vec<&str> = chosen.iter().map(Sensitive::expose).collect();
    assert_eq!(chosen, ["音乐", "运动"]);
    // The name of the event until 2025.
    told_as("MEMBERCARDSP.USER_CARD.CREATE", event)
        .decode::<BrandMemberCardNotification>()
        .unwrap();
}
