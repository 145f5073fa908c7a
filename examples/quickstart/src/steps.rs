//! The ten steps, in their order.

mod bill;
mod close;
mod keys;
mod payment;
mod refund;

use anyhow::Result;

use crate::shop::Shop;

/// What a cup of tea costs: play money where nobody pays, next to nothing where somebody does.
struct Prices {
    tea: &'static str,
    given_back: &'static str,
    cake: &'static str,
}

const PLAY_MONEY: Prices = Prices {
    tea: "36.50",
    given_back: "6.50",
    cake: "18.00",
};
const REAL_MONEY: Prices = Prices {
    tea: "0.02",
    given_back: "0.01",
    cake: "0.02",
};

/// Tells the whole story. Everything it says was checked; what does not hold is an error.
pub(crate) async fn all(shop: &mut Shop) -> Result<()> {
    let prices = if shop.controls.is_some() {
        PLAY_MONEY
    } else {
        REAL_MONEY
    };

    keys::stay_within_the_day(shop).await?;
    keys::fetch(shop).await?;

    let order = payment::prepay(shop, prices.tea).await?;
    let paid = payment::pay(shop, &order).await?;
    let transaction = payment::query(shop, &order, paid.as_ref()).await?;

    let refund = refund::request(shop, &order, prices.given_back).await?;
    refund::query(shop, &refund).await?;

    let closed = close::close_unpaid(shop, prices.cake).await?;

    bill::reconcile(shop, &order, &transaction, &refund, &closed).await?;
    shop.at = None;
    let books = if shop.controls.is_some() {
        ", and the books agree to the fen"
    } else {
        ""
    };
    shop.show.title(&format!(
        "\nThat was all of it: ordered, paid, partly refunded{books}."
    ))
}
