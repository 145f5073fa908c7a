//! Complaints (消费者投诉): payers complain of what they paid, and the merchant answers.

use http::Method;
use serde_json::{Value, json};
use wxpay_api::pay;

use crate::EXTENTS;
use crate::sample::Extent::{self, Full, Least};
use crate::till::{NOTIFY, Till};

pub(crate) async fn all(till: &mut Till) {
    for extent in EXTENTS {
        address(till, extent).await;
        complaint(till, extent).await;
    }
}

/// Where the merchant is told of complaints: nowhere, in the end.
async fn address(till: &mut Till, extent: Extent) {
    let url = [("/url", json!(NOTIFY))];
    let name = "complaint.create_notification_url";
    let created = till.named(name, extent, &url).await;
    assert_eq!(created["url"], NOTIFY);
    let name = "complaint.query_notification_url";
    assert_eq!(till.named(name, extent, &[]).await, created);
    let other = format!("{NOTIFY}/complaints");
    let url = [("/url", json!(other))];
    let name = "complaint.update_notification_url";
    let updated = till.named(name, extent, &url).await;
    assert_eq!(updated["url"], other);
    assert_eq!(updated["mchid"], created["mchid"]);
    let name = "complaint.delete_notification_url";
    till.named(name, extent, &[]).await;
}

async fn complaint(till: &mut Till, extent: Extent) {
    let number = till.place::<pay::NativePrepay>(extent).await;
    till.pay(&number).await;
    let grievance = json!({
        "out_trade_no": number, "problem_type": "REFUND", "apply_refund_amount": 1, "images": 1,
        "payer_phone": "13812345678", "need_immediate_service": true,
    });
    let made = till.control(Method::POST, "complaints", &grievance).await;
    let id = ("/complaint_id", made["complaint_id"].clone());
    let against = ("/complainted_mchid", made["complainted_mchid"].clone());

    let today = json!(till.days_ago(0).to_string());
    let span = [
        ("/begin_date", today.clone()),
        ("/end_date", today),
        ("/limit", json!(50)),
        ("/offset", json!(0)),
        (
            "/complainted_mchid",
            match extent {
                Full => against.1.clone(),
                Least => Value::Null,
            },
        ),
    ];
    let listed = till.named("complaint.list_complaints", extent, &span).await;
    let mut listed = listed["data"].as_array().unwrap().iter();
    let listed = listed.find(|it| it["complaint_id"] == id.1).unwrap();

    let query = [id.clone()];
    let name = "complaint.query_complaint";
    let found = till.named(name, extent, &query).await;
    for field in ["complaint_state", "payer_phone", "complaint_order_info"] {
        assert_eq!(listed[field], found[field], "{field}");
    }
    assert_eq!(found["complaint_state"], "PENDING");
    assert_eq!(found["payer_phone"], "13812345678");
    assert_eq!(found["complaint_order_info"][0]["out_trade_no"], number);
    assert_eq!(found["incoming_user_response"], true);
    let media = &found["complaint_media_list"][0]["media_url"][0];
    assert!(image(till, extent, media.as_str().unwrap()).await > 0);

    let uploaded = till.named("complaint.upload_image", extent, &[]).await;
    let images = match extent {
        Full => json!([uploaded["media_id"]]),
        Least => Value::Null,
    };
    let answer = [
        id.clone(),
        against.clone(),
        ("/response_images", images.clone()),
    ];
    let name = "complaint.respond_complaint";
    till.named(name, extent, &answer).await;
    let at_once = [
        id.clone(),
        against.clone(),
        ("/idempotent_id", json!(till.number())),
    ];
    let name = "complaint.respond_immediate_service";
    let said = till.named(name, extent, &at_once).await;
    let again = till.named(name, extent, &at_once).await;
    assert_eq!(said, again, "a repeated answer is the same answer");

    let mut decision = vec![id.clone()];
    let step = match extent {
        Full => {
            decision.push(("/action", json!("REJECT")));
            decision.push(("/reject_media_list", images));
            // So spelt on the wire.
            "MERCHANT_REFUSE_RERUND"
        }
        Least => {
            decision.push(("/action", json!("APPROVE")));
            decision.push(("/launch_refund_day", json!(0)));
            "MERCHANT_APPROVE_REFUND"
        }
    };
    let name = "complaint.update_refund_progress";
    till.named(name, extent, &decision).await;
    let seen = till
        .named("complaint.query_complaint", extent, &query)
        .await;
    assert_eq!(seen["complaint_state"], "PROCESSING");
    assert_eq!(seen["incoming_user_response"], false);
    let done = [id.clone(), against];
    till.named("complaint.complete_complaint", extent, &done)
        .await;
    let seen = till
        .named("complaint.query_complaint", extent, &query)
        .await;
    assert_eq!(seen["complaint_state"], "PROCESSED");

    let page = [id, ("/limit", json!(300)), ("/offset", json!(0))];
    let name = "complaint.list_negotiation_history";
    let history = till.named(name, extent, &page).await;
    let steps = history["data"].as_array().unwrap();
    let types: Vec<&str> = steps
        .iter()
        .map(|it| it["operate_type"].as_str().unwrap())
        .collect();
    let answered = "MERCHANT_RESPONSE";
    let completed = "MERCHANT_CONFIRM_COMPLETE";
    let wanted = [completed, step, answered, answered, "USER_CREATE_COMPLAINT"];
    assert_eq!(types, wanted, "the last comes first");
    assert_eq!(steps[2]["log_id"], said["log_id"]);
    if extent == Full {
        let picture = steps[3]["image_list"][0].as_str().unwrap();
        let kept = image(till, extent, picture).await;
        // What a sample uploads.
        assert!(kept > 0);
        assert!(picture.ends_with(uploaded["media_id"].as_str().unwrap()));
    }
}

/// How many bytes the image at `url` has.
async fn image(till: &mut Till, extent: Extent, url: &str) -> u64 {
    let (_, id) = url.rsplit_once('/').unwrap();
    let image = [("/media_id", json!(id))];
    let file = till.named("complaint.download_image", extent, &image).await;
    file["bytes"].as_u64().unwrap()
}
