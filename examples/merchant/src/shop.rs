//! The shop itself: orders are written down before WeChat Pay hears of them, and so are refunds.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, watch};
use wxpay_client::Clock;

use crate::Fen;
use crate::gateway::{Gateway, Prepaid};
use crate::goods::{self, Goods};
use crate::store::{
    self, Applied, ErrorKind, NewOrder, NewRefund, Order, Placed, Refund, Reserved, Store,
};

/// How long an order can be paid, in seconds.
pub const PAY_WITHIN: i64 = 15 * 60;

/// What handlers and workers share.
#[derive(Clone, Debug)]
pub struct Shop {
    /// What it remembers.
    pub store: Store,
    /// Whom it is paid through.
    pub gateway: Gateway,
    /// What time it is, for WeChat Pay as well.
    pub clock: Arc<dyn Clock>,
    /// What goes on in this process.
    pub bell: Bell,
}

/// Wakes those who wait for something to happen. What happens in another process they find by
/// looking into the books now and then.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    work: Arc<Notify>,
    news: Arc<watch::Sender<()>>,
}

impl Bell {
    /// There may be something to do, and pages may have something new to show.
    pub fn ring(&self) {
        self.work.notify_one();
        self.news.send_replace(());
    }

    /// Until there may be something to do. For the one worker of this process.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// Hears of everything that is new from now on.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }
}

/// What a browser sends to order: no price among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The id of the goods.
    pub goods: String,
    /// How many of them.
    pub quantity: i64,
    /// Of the page the order was sent from.
    pub form: FormId,
}

/// What a customer sends to get money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// How much.
    pub amount: Fen,
    /// Why.
    pub reason: String,
    /// Of the page it was sent from.
    pub form: FormId,
}

/// 128 random bits in every form, as 32 hexadecimal digits. A form that is sent twice, by a double
/// click or because the answer was lost, is one order and one refund; the page of the order has
/// them as its address, so nobody else finds it.
#[derive(Clone, PartialEq, Eq)]
pub struct FormId(String);

impl FormId {
    /// A new one.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex(&bytes)))
    }

    /// Takes one from a form.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(digits)).then(|| Self(text.to_owned()))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number that follows from it, and from which it cannot be guessed.
    fn number(&self, purpose: &str) -> String {
        let hash = Sha256::new().chain_update(purpose).chain_update(&self.0);
        hex(&hash.finalize()[..10]).to_uppercase()
    }
}

impl fmt::Debug for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who knows it sees the order.
        f.write_str("FormId([redacted])")
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Why something was not done; nothing was changed.
#[derive(Debug)]
pub enum Refusal {
    /// No such goods, or a quantity nobody sells.
    Goods,
    /// This form was sent before, with something else in it.
    FormUsed,
    /// The order has no more than this left to give back.
    TooMuch {
        /// What was paid, less what was or is being refunded.
        left: Fen,
    },
    /// Nothing is paid that could be given back.
    NotPaid,
    /// An amount of nothing or less.
    NoAmount,
    /// The books cannot be written now.
    Store(store::Error),
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Shop {
    /// The time now, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.now().as_unix()
    }

    /// Orders: the order is in the books when this returns. The code to pay by comes with
    /// [`prepay`](Self::prepay).
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; after [`Refusal::Store`] the same wish can be sent again.
    pub async fn order(&self, wish: &Wish) -> Result<Order, Refusal> {
        let goods = goods::find(&wish.goods).ok_or(Refusal::Goods)?;
        let total = goods.total(wish.quantity).ok_or(Refusal::Goods)?;
        if let Some(order) = self.ordered(wish, goods).await? {
            return Ok(order);
        }
        let now = self.now();
        let new = NewOrder {
            out_trade_no: format!("T{}", wish.form.number("order")),
            token: wish.form.as_str().to_owned(),
            goods: goods.id.to_owned(),
            quantity: wish.quantity,
            total,
            expires_at: now + PAY_WITHIN,
        };
        match self.store.place_order(&new, now).await {
            Ok(Placed::New) => self.bell.ring(),
            Ok(Placed::Before) => {}
            // The same form at the same moment: that order counts, if it is the same.
            Err(error) if error.kind() == ErrorKind::Taken => {}
            Err(error) => return Err(error.into()),
        }
        self.ordered(wish, goods).await?.ok_or(Refusal::FormUsed)
    }

    /// The order of the wish's form.
    async fn ordered(&self, wish: &Wish, goods: &Goods) -> Result<Option<Order>, Refusal> {
        let order = self.store.order_by_token(wish.form.as_str()).await?;
        match order {
            Some(order)
                if (order.placed.goods.as_str(), order.placed.quantity)
                    != (goods.id, wish.quantity) =>
            {
                Err(Refusal::FormUsed)
            }
            order => Ok(order),
        }
    }

    /// Gets the code to pay by, and writes it down. The number and everything else is the same at
    /// every try, so trying again is harmless.
    ///
    /// # Errors
    ///
    /// When there is no code now; the worker goes on trying.
    pub async fn prepay(&self, order: &Order) -> anyhow::Result<Applied<crate::flow::OrderState>> {
        let number = &order.placed.out_trade_no;
        let applied = match self.gateway.prepay(order).await? {
            Prepaid::Code(code) => self.store.record_prepay(number, &code, self.now()).await?,
            Prepaid::Settled(event) => {
                let store = &self.store;
                store
                    .apply_to_order(number, &event, None, self.now())
                    .await?
            }
        };
        self.bell.ring();
        Ok(applied)
    }

    /// Asks for a refund: it is in the books when this returns, its amount is held, and the worker
    /// sends it, always with the same number.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; after [`Refusal::Store`] the same can be asked again.
    pub async fn refund(&self, order: &Order, wish: &Return) -> Result<Refund, Refusal> {
        if wish.amount <= Fen::ZERO {
            return Err(Refusal::NoAmount);
        }
        let new = NewRefund {
            out_refund_no: format!("R{}", wish.form.number("refund")),
            out_trade_no: order.placed.out_trade_no.clone(),
            amount: wish.amount,
            reason: wish.reason.clone(),
        };
        match self.store.reserve_refund(&new, self.now()).await {
            Ok(Reserved::New) => self.bell.ring(),
            Ok(Reserved::Before) => {}
            Ok(Reserved::TooMuch { left }) => return Err(Refusal::TooMuch { left }),
            Ok(Reserved::NotPaid) => return Err(Refusal::NotPaid),
            Err(error) if error.kind() == ErrorKind::Taken => return Err(Refusal::FormUsed),
            Err(error) => return Err(error.into()),
        }
        let refund = self.store.refund(&new.out_refund_no).await?;
        refund.ok_or(Refusal::FormUsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_forms_and_do_not_show_them() {
        let form = FormId::from_text("000102030405060708090a0b0c0d0e0f").unwrap();
        let order = form.number("order");
        assert_eq!(order, form.number("order"));
        assert_ne!(order, form.number("refund"));
        assert_eq!(order.len(), 20);
        assert!(!order.to_lowercase().contains(&form.as_str()[..8]));
        assert_eq!(format!("{form:?}"), "FormId([redacted])");
        assert_ne!(FormId::new().unwrap(), FormId::new().unwrap());
    }

    #[test]
    fn other_texts_are_no_forms() {
        for text in [
            "",
            "00",
            "000102030405060708090A0B0C0D0E0F",
            "000102030405060708090a0b0c0d0e0g",
        ] {
            assert_eq!(FormId::from_text(text), None, "{text}");
        }
    }
}
