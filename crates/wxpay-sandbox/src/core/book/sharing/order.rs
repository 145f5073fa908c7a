//! Requests to share, and what becomes of them.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};
use wxpay_json::Fen;

use super::{Family, MOST_RECEIVERS, MOST_REQUESTS, Outcome, Part, Pool, Sharing};
use crate::core::book::model::Order;
use crate::core::book::order::of_sub_merchant;
use crate::core::book::text;
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

impl Book {
    pub(super) fn share(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let family = Family::of(call);
        if let Some(reply) = self.asked_before(call, "share")? {
            return Ok(reply);
        }
        let order = self.shared_order(call)?;
        let of = self.sharer(call)?;
        let release = call.body.get(family.release()) == Some(&Value::Bool(true));
        let mut parts = self.wanted_parts(call, &of, context)?;
        if parts.is_empty() && !release {
            return Err(Failure::param_error("/receivers", "分账接收方不能为空"));
        }
        let now = context.now();
        let wanted = parts
            .iter()
            .try_fold(Fen::ZERO, |sum, part| sum.checked_add(part.amount));
        let wanted =
            wanted.ok_or_else(|| Failure::param_error("/receivers", "分账金额之和超出范围"))?;
        let unsplit = self.unsplit(&order, now);
        if wanted > unsplit {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "NOT_ENOUGH",
                numeric::OTHER,
                "分账金额大于订单剩余待分金额",
            ));
        }
        let shared = self.sums(&order.out_trade_no).shared;
        let most = i128::from(order.total.as_fen()) * i128::from(self.share_settings().max_ratio);
        if i128::from(shared) + i128::from(wanted.as_fen()) > most / 10_000 {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "RULE_LIMIT",
                numeric::OTHER,
                "分账金额超过最大分账比例",
            ));
        }
        if release {
            let left = Fen::new(unsplit.as_fen() - wanted.as_fen());
            parts.extend(self.left_over(&order, left, "解冻给分账方", context));
        }
        self.take_up(call, order, parts, release, "share", context)
    }

    /// Releases what has not been shared.
    pub(super) fn release(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        if let Some(reply) = self.asked_before(call, "release")? {
            return Ok(reply);
        }
        let order = self.shared_order(call)?;
        let description = required(call, "/description")?;
        let left = self.unsplit(&order, context.now());
        let parts = self.left_over(&order, left, description, context);
        self.take_up(
            call,
            order,
            parts.into_iter().collect(),
            true,
            "release",
            context,
        )
    }

    /// A number that was used before: the same request, or another, which is refused.
    fn asked_before(&self, call: &Call<'_>, what: &str) -> Result<Option<Reply>, Failure> {
        let number = required(call, "/out_order_no")?;
        let Some(known) = self.store.piece::<Sharing>(number) else {
            return Ok(None);
        };
        if known.fingerprint != text::fingerprint(what, &call.body, &[]) {
            return Err(Failure::reentry("商户分账单号重复，且参数与原请求不一致"));
        }
        Ok(Some(short_answer(Family::of(call), known, what)))
    }

    fn take_up(
        &mut self,
        call: &Call<'_>,
        order: Order,
        parts: Vec<Part>,
        release: bool,
        what: &str,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let now = context.now();
        let family = Family::of(call);
        if !self.store.has_room_for_piece::<Sharing>() {
            return Err(full("分账单"));
        }
        let known = self.store.piece::<Pool>(&order.out_trade_no);
        let mut pool = known.cloned().unwrap_or_else(|| Pool {
            out_trade_no: order.out_trade_no.clone(),
            requests: Vec::new(),
            released: None,
        });
        if pool.requests.len() >= MOST_REQUESTS {
            let message = "一笔订单最多支持50次分账请求";
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "RULE_LIMIT",
                numeric::OTHER,
                message,
            ));
        }
        let number = required(call, "/out_order_no")?.to_owned();
        pool.requests.push(number.clone());
        if release {
            pool.released = Some(now);
        }
        let delay = self.share_settings().delay_seconds;
        let sharing = Sharing {
            out_order_no: number,
            order_id: format!("3008{}", context.ids.digits(26)),
            transaction_id: required(call, "/transaction_id")?.to_owned(),
            out_trade_no: order.out_trade_no,
            sub_mchid: optional(&call.body, "/sub_mchid"),
            brand_mchid: optional(&call.body, "/brand_mchid"),
            family,
            fingerprint: text::fingerprint(what, &call.body, &[]),
            parts,
            created: now,
            coming: Some(now.saturating_add(delay.into())),
            returns: Vec::new(),
        };
        let reply = short_answer(family, &sharing, what);
        self.store.put_piece(pool);
        self.store.put_piece(sharing);
        Ok(reply)
    }

    /// The order whose money is to be shared: the caller's, paid, and still kept back.
    fn shared_order(&self, call: &Call<'_>) -> Result<Order, Failure> {
        if optional(&call.body, "/appid").is_some_and(|appid| appid != self.parties.appid) {
            return Err(Failure::appid_mchid_not_match());
        }
        self.sub_app(optional(&call.body, "/sub_appid").as_deref())?;
        let order = self.order_of_payment(required(call, "/transaction_id")?)?;
        of_sub_merchant(order, optional(&call.body, "/sub_mchid").as_deref())?;
        if !order.profit_sharing {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "非分账订单不支持分账",
            ));
        }
        if !order.state.is_paid() {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "订单状态不支持分账",
            ));
        }
        if !self.is_kept_back(order, call.now.as_unix()) {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "订单剩余资金已解冻，不能再分账",
            ));
        }
        Ok(order.clone())
    }

    fn order_of_payment(&self, transaction_id: &str) -> Result<&Order, Failure> {
        let order = self.store.order_by_transaction(transaction_id);
        order.ok_or_else(|| Failure::resource_not_exists("订单不存在"))
    }

    fn wanted_parts(
        &self,
        call: &Call<'_>,
        of: &str,
        context: &mut Context<'_>,
    ) -> Result<Vec<Part>, Failure> {
        let family = Family::of(call);
        let items = call.body.get("receivers").and_then(Value::as_array);
        let items = items.map(Vec::as_slice).unwrap_or_default();
        if items.len() > MOST_RECEIVERS {
            return Err(Failure::param_error("/receivers", "分账接收方最多50个"));
        }
        let mut seen = BTreeSet::new();
        let mut parts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = |name: &str| format!("/receivers/{index}/{name}");
            let text = |name: &str| {
                optional(item, &format!("/{name}"))
                    .ok_or_else(|| Failure::param_error(&at(name), "此字段为必填项"))
            };
            let (kind, account) = (text("type")?, text(family.account())?);
            let amount = item
                .get("amount")
                .and_then(Value::as_i64)
                .filter(|fen| *fen > 0);
            let amount = amount
                .ok_or_else(|| Failure::param_error(&at("amount"), "分账金额必须为大于0的整数"))?;
            let receiver = self.receiver(of, &kind, &account).ok_or_else(|| {
                let message = format!("分账接收方{account}未添加，请先添加分账接收方");
                Failure::invalid_request(numeric::NO_RELATION, message)
            })?;
            let name = optional(item, &format!("/{}", family.name()));
            if name.is_some() && receiver.name.is_some() && name != receiver.name {
                let message = format!("分账接收方{account}的姓名校验不通过");
                return Err(Failure::invalid_request(numeric::OTHER, message));
            }
            if !seen.insert((kind.clone(), account.clone())) {
                return Err(Failure::param_error(
                    &at(family.account()),
                    "分账接收方重复",
                ));
            }
            parts.push(Part {
                kind,
                account,
                amount: Fen::new(amount),
                description: text("description")?,
                detail_id: format!("3601{}", context.ids.digits(24)),
                released: false,
                result: Outcome::Pending,
                ended: None,
            });
        }
        Ok(parts)
    }

    /// What goes to the merchant when the rest is released.
    fn left_over(
        &self,
        order: &Order,
        left: Fen,
        description: &str,
        context: &mut Context<'_>,
    ) -> Option<Part> {
        let owner = &order.owner;
        (left > Fen::ZERO).then(|| Part {
            kind: "MERCHANT_ID".to_owned(),
            account: owner
                .sub_mchid
                .clone()
                .unwrap_or_else(|| owner.mchid.clone()),
            amount: left,
            description: description.to_owned(),
            detail_id: format!("3601{}", context.ids.digits(24)),
            released: true,
            result: Outcome::Pending,
            ended: None,
        })
    }

    pub(super) fn query_sharing(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let given = |name: &str| call.query(name).filter(|text| !text.is_empty());
        let number = given("out_order_no").unwrap_or_else(|| call.path("out_order_no"));
        let known = self.store.piece::<Sharing>(number);
        let known = known.filter(|it| {
            given("transaction_id").is_none_or(|id| id == it.transaction_id)
                && given("sub_mchid") == it.sub_mchid.as_deref()
        });
        let known = known.ok_or_else(|| Failure::resource_not_exists("分账单不存在"))?;
        Ok(answer(Family::of(call), known))
    }

    pub(super) fn query_unshared(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let id = context.call.path("transaction_id");
        let order = self.order_of_payment(id)?;
        if !order.profit_sharing {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "非分账订单不支持查询",
            ));
        }
        let unsplit = self.unsplit(order, context.now());
        Ok(Reply::ok(
            json!({ "transaction_id": id, "unsplit_amount": unsplit }),
        ))
    }

    pub(super) fn query_share_ratio(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let ratio = self.share_settings().max_ratio;
        if Family::of(call) == Family::Brand {
            let brand = call.path("brand_mchid");
            if brand.is_empty() {
                return Err(Failure::resource_not_exists("品牌主商户号不存在"));
            }
            return Ok(Reply::ok(
                json!({ "brand_mchid": brand, "max_ratio": ratio }),
            ));
        }
        let sub_mchid = call.path("sub_mchid");
        self.sub_merchant(sub_mchid)?;
        Ok(Reply::ok(
            json!({ "sub_mchid": sub_mchid, "max_ratio": ratio }),
        ))
    }
}

fn answer(family: Family, sharing: &Sharing) -> Reply {
    Reply::ok(family.view(sharing))
}

/// The answer to a request that was just made: platforms and brands are told less than who queries,
/// brands whose it is besides.
fn short_answer(family: Family, sharing: &Sharing, what: &str) -> Reply {
    let mut view = family.view(sharing);
    if let (Family::Ecommerce | Family::Brand, Value::Object(view)) = (family, &mut view) {
        let unasked: &[&str] = match what {
            "release" => &["status", "receivers", "finish_amount", "finish_description"],
            _ => &["finish_amount", "finish_description"],
        };
        view.retain(|name, _| !unasked.contains(&name.as_str()));
        if what != "release" {
            put(view, "brand_mchid", sharing.brand_mchid.as_deref());
        }
    }
    Reply::ok(view)
}
