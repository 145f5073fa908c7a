//! The gateway, by every generation: each case runs against a sandbox of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod cases;
mod world;

macro_rules! by_every_generation {
    ($($case:ident,)*) => {
        by_every_generation! { @ v3 V3 $($case,)* }
        by_every_generation! { @ v2 V2 $($case,)* }
        by_every_generation! { @ v1 V1 $($case,)* }
    };
    (@ $module:ident $api:ident $($case:ident,)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let world = crate::world::World::open(merchant::settings::Api::$api).await;
                    crate::cases::$case(&world).await;
                    world.close().await;
                }
            )*
        }
    };
}

by_every_generation! {
    an_order_is_placed_paid_and_noticed_once,
    what_is_not_proven_is_not_stored,
    what_cannot_be_stored_is_sent_again,
    notices_about_something_else_are_for_a_person,
    an_order_nobody_knows,
    closing,
    closing_before_the_end,
    a_refund_is_requested_twice_and_made_once,
    refunds_that_are_not_made,
    refunds_that_end_badly,
    answers_that_are_lost,
    the_bill_of_a_day,
}
