//! Orders placed with a package, looked up, paid and delivered.

use serde_json::{Value, json};
use wxpay_json::Fen;
use wxpay_sign::Timestamp;

use super::{Delivery, Kind, State, Terms};
use crate::core::book::model::{Generation, Order, Owner, Payer, TradeState, TradeType};
use crate::core::book::notice::{Event, Form};
use crate::core::book::{Book, full, prepay, text};
use crate::core::call::Failure;
use crate::core::random::Ids;
use crate::core::v1::{Charset, PackageOrder};
use crate::core::v2::wire::{self, Pairs};

/// How a package came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// By `genprepay`.
    App,
    /// As the answer to a scan.
    Native,
    /// From a page.
    Jsapi,
}

impl Way {
    const fn trade_type(self) -> TradeType {
        match self {
            Self::App => TradeType::App,
            Self::Native => TradeType::Native,
            Self::Jsapi => TradeType::Jsapi,
        }
    }
}

/// An order about to be placed.
#[derive(Debug)]
pub(crate) struct Placing<'a> {
    pub(crate) package: &'a PackageOrder,
    pub(crate) way: Way,
    /// Who is going to pay, where that is known.
    pub(crate) openid: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// What the merchant says about its delivery.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) openid: &'a str,
    pub(crate) transaction_id: &'a str,
    pub(crate) out_trade_no: &'a str,
    pub(crate) at: i64,
    pub(crate) delivered: bool,
}

/// An order as v1 shows it.
#[derive(Debug)]
pub(crate) struct Trade {
    pub(crate) paid: bool,
    pub(crate) refunded: bool,
    pub(crate) charset: Charset,
    pub(crate) total: Fen,
    /// What every interface shows, but for whose it is.
    pub(crate) fields: Pairs,
}

impl Book {
    /// Places an order, or finds it placed already; its prepayid.
    pub(crate) fn v1_place(
        &mut self,
        placing: &Placing<'_>,
        ids: &mut Ids,
    ) -> Result<String, Failure> {
        self.advance(placing.now);
        let now = placing.now.as_unix();
        let package = placing.package;
        let trade_type = placing.way.trade_type();
        let payer = Payer {
            openid: placing.openid.map(str::to_owned),
            sub_openid: None,
        };
        let operation = format!("v1 {}", trade_type.as_str());
        let without = ["time_start", "time_expire"];
        let fingerprint = text::fingerprint(&operation, &package.fields.to_json(), &without);
        let mut order = match self.store.order(&package.out_trade_no) {
            Some(order) => {
                prepay::placed_again(order, &fingerprint, now)?;
                if order.payer != payer {
                    return Err(prepay::reentry());
                }
                order.clone()
            }
            None => {
                if !self.store.has_room_for_orders(1) {
                    return Err(full("订单"));
                }
                self.v1_order(placing, trade_type, payer, fingerprint)
            }
        };
        let code = prepay::issue(&mut order.codes, trade_type, order.expires, now, ids);
        self.store.put_order(order);
        Ok(code.prepay_id)
    }

    fn v1_order(
        &self,
        placing: &Placing<'_>,
        trade_type: TradeType,
        payer: Payer,
        fingerprint: String,
    ) -> Order {
        let package = placing.package;
        let order = Order::new(
            package.out_trade_no.clone(),
            Owner {
                appid: Some(self.parties.appid.clone()),
                mchid: self.parties.mchid.clone(),
                sub_appid: None,
                sub_mchid: None,
            },
            trade_type,
            package.body.clone(),
            package.total_fee,
            fingerprint,
            prepay::span_until(package.time_expire, placing.now.as_unix()),
        );
        Order {
            attach: package.attach.clone(),
            notify_url: Some(package.notify_url.clone()),
            payer,
            generation: Generation::V1(Terms {
                charset: package.charset,
                transport_fee: package.transport_fee,
                product_fee: package.product_fee,
                alarm: None,
                delivery: None,
            }),
            ..order
        }
    }

    /// Places the order a merchant answered a scan with; its number, and the prepayid to pay it.
    pub(crate) fn v1_scanned(
        &mut self,
        package: &PackageOrder,
        (product_id, openid): (&str, &str),
        now: Timestamp,
        ids: &mut Ids,
    ) -> Result<(String, String), String> {
        let placing = Placing {
            package,
            way: Way::Native,
            openid: Some(openid),
            now,
        };
        let number = &package.out_trade_no;
        match self.v1_place(&placing, ids) {
            Ok(prepay_id) => {
                if self.store.v1.product(number) != Some(product_id) {
                    let product = (number.clone(), product_id.to_owned());
                    self.change_v1(|state| State::keep(&mut state.products, product));
                }
                Ok((number.clone(), prepay_id))
            }
            Err(failure) => Err(format!("out_trade_no {number}: {}", failure.message)),
        }
    }

    /// An order by WeChat's number or else by the merchant's, if v1 can see it.
    pub(super) fn v1_named(
        &self,
        transaction_id: Option<&str>,
        number: Option<&str>,
    ) -> Option<&Order> {
        let order = match (transaction_id, number) {
            (Some(id), _) => self.store.order_by_transaction(id),
            (None, Some(number)) => self.store.order(number),
            (None, None) => None,
        }?;
        (order.combine.is_none() && order.owner.sub_mchid.is_none()).then_some(order)
    }

    /// The same as v1 shows it.
    pub(crate) fn v1_trade(
        &self,
        transaction_id: Option<&str>,
        number: Option<&str>,
    ) -> Option<Trade> {
        self.v1_named(transaction_id, number).map(trade)
    }

    /// The trade that a notice told of, by its `notify_id`.
    pub(crate) fn v1_trade_of_notice(&self, notify_id: &str) -> Option<Trade> {
        let notice = self.store.notice(notify_id)?;
        if notice.form() != Form::V1(Kind::Payment) {
            return None;
        }
        self.v1_trade(None, notice.about.as_deref())
    }

    /// Takes a report of a delivery down.
    pub(crate) fn v1_deliver(&mut self, report: &Report<'_>) -> Result<(), &'static str> {
        let order = self
            .store
            .order(report.out_trade_no)
            .ok_or("out_trade_no: there is no such order")?;
        let Generation::V1(mut terms) = order.generation else {
            return Err("out_trade_no: the order was not placed with v1");
        };
        let payment = order.payment.as_ref().ok_or("the order is not paid")?;
        if payment.transaction_id != report.transaction_id {
            return Err("transid is not the transaction of out_trade_no");
        }
        if payment.payer.openid.as_deref() != Some(report.openid) {
            return Err("openid is not who paid");
        }
        terms.delivery = Some(Delivery {
            at: report.at,
            delivered: report.delivered,
        });
        terms.alarm = None;
        let mut order = order.clone();
        order.generation = Generation::V1(terms);
        self.store.put_order(order);
        Ok(())
    }

    /// When the merchant is to be warned about an order that is paid now.
    pub(in crate::core::book) fn v1_paid(&self, order: &mut Order, at: i64) {
        if let Generation::V1(terms) = &mut order.generation {
            let within = self.store.v1.settings().deliver_within();
            terms.alarm = Some(at.saturating_add(within));
        }
    }

    /// Warns the merchant if it should have delivered by now; whether it was time to.
    pub(in crate::core::book) fn v1_overdue(&mut self, order: &Order, at: i64) -> bool {
        let Generation::V1(mut terms) = order.generation else {
            return false;
        };
        if terms.alarm.is_none_or(|alarm| alarm > at) {
            return false;
        }
        terms.alarm = None;
        let mut order = order.clone();
        order.generation = Generation::V1(terms);
        // What is given back need not be delivered.
        if let (TradeState::Success, Some(payment)) = (order.state, &order.payment)
            && let Some(url) = self.store.v1.settings().alarm_url().map(str::to_owned)
        {
            self.announce(Event {
                about: Some(order.out_trade_no.clone()),
                event_type: "V1.ALARM",
                original_type: "v1",
                summary: "发货超时",
                plaintext: json!({
                    "ErrorType": "1001",
                    "Description": "发货超时",
                    "AlarmContent": format!("transaction_id={}", payment.transaction_id),
                }),
                form: Form::V1(Kind::Alarm),
                url,
                at,
            });
        }
        self.store.put_order(order);
        true
    }
}

fn trade(order: &Order) -> Trade {
    let terms = terms(order);
    let total = order.total.as_fen().to_string();
    let amount = |fee: Option<Fen>| fee.unwrap_or(Fen::ZERO).as_fen().to_string();
    let paid = order.payment.is_some();
    let mut fields = Pairs::default()
        .with("trade_mode", "1")
        .with("trade_state", if paid { "0" } else { "1" })
        .with("bank_type", "WX")
        .with("total_fee", &*total)
        .with("fee_type", "1")
        .with("out_trade_no", &*order.out_trade_no)
        .with("transport_fee", amount(terms.transport_fee))
        .with(
            "product_fee",
            terms
                .product_fee
                .map_or(total, |fee| fee.as_fen().to_string()),
        )
        .with("discount", "0");
    fields.set_some("attach", order.attach.as_deref());
    if let Some(payment) = &order.payment {
        fields.set("transaction_id", &*payment.transaction_id);
        fields.set("time_end", wire::compact(payment.at));
    }
    Trade {
        paid,
        refunded: order.state == TradeState::Refund,
        charset: terms.charset,
        total: order.total,
        fields,
    }
}

/// What an order of another generation has for those of v1.
fn terms(order: &Order) -> Terms {
    match order.generation {
        Generation::V1(terms) => terms,
        _ => Terms::default(),
    }
}

/// What the notice of a payment tells, whose merchant and whose number it is still left out.
pub(in crate::core::book) fn payment_notice(order: &Order) -> Value {
    let terms = terms(order);
    let openid = order
        .payment
        .as_ref()
        .and_then(|payment| payment.payer.openid.as_deref());
    json!({
        "query": trade(order).fields.with("input_charset", terms.charset.as_str()).to_json(),
        "body": {
            "OpenId": openid,
            "IsSubscribe": "0",
        },
    })
}
