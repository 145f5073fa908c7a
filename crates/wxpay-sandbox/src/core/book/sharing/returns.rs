//! Money that comes back from receivers (分账回退).

use http::StatusCode;
use serde_json::json;
use wxpay_json::Fen;

use super::{Family, MOST_RETURNS, Outcome, RETURNABLE, Return, Sharing};
use crate::core::book::{Book, Context, full, prepay, required, text};
use crate::core::call::{Call, Failure, Reply, numeric};

impl Book {
    pub(super) fn return_share(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let family = Family::of(call);
        let fingerprint = text::fingerprint("return", &call.body, &[]);
        let number = required(call, "/out_return_no")?;
        if let Some(known) = self.store.piece::<Return>(number) {
            if known.fingerprint != fingerprint {
                return Err(Failure::reentry("商户回退单号重复，且参数与原请求不一致"));
            }
            let sharing = self.store.piece::<Sharing>(&known.out_order_no);
            let sharing = sharing.ok_or_else(unknown)?;
            return Ok(Reply::ok(family.returned(sharing, known)));
        }
        let given = |pointer| call.text(pointer).filter(|text| !text.is_empty());
        let (id, out_order_no) = (given("/order_id"), given("/out_order_no"));
        let mut sharing = self
            .returnable(id, out_order_no, given("/sub_mchid"))?
            .clone();
        let now = context.now();
        if now.saturating_sub(sharing.created) > RETURNABLE {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "分账已超过180天，不能回退",
            ));
        }
        let mchid = required(call, "/return_mchid")?;
        let amount = prepay::amount(call, "/amount")?;
        if amount > self.left_with(&sharing, mchid)? {
            let message = "回退金额大于该接收方的可回退金额";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        if sharing.returns.len() >= MOST_RETURNS {
            let message = "同一笔分账单最多支持20次回退";
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                "RULE_LIMIT",
                numeric::OTHER,
                message,
            ));
        }
        if !self.store.has_room_for_piece::<Return>() {
            return Err(full("分账回退单"));
        }
        let delay = self.share_settings().delay_seconds;
        let back = Return {
            out_return_no: number.to_owned(),
            return_id: format!("3008{}", context.ids.digits(26)),
            out_order_no: sharing.out_order_no.clone(),
            fingerprint,
            mchid: mchid.to_owned(),
            amount,
            description: required(call, "/description")?.to_owned(),
            created: now,
            coming: Some(now.saturating_add(delay.into())),
            result: Outcome::Pending,
            ended: None,
        };
        sharing.returns.push(back.out_return_no.clone());
        let reply = Reply::ok(family.returned(&sharing, &back));
        self.store.put_piece(sharing);
        self.store.put_piece(back);
        Ok(reply)
    }

    /// The request of which money is to come back, by one of its numbers or both.
    fn returnable(
        &self,
        id: Option<&str>,
        number: Option<&str>,
        sub_mchid: Option<&str>,
    ) -> Result<&Sharing, Failure> {
        let sharing = match (id, number) {
            (None, None) => {
                let issue = "order_id和out_order_no必须二选一";
                return Err(Failure::param_error("/out_order_no", issue));
            }
            (Some(id), None) => self.store.piece_named::<Sharing>(id),
            (None, Some(number)) => self.store.piece::<Sharing>(number),
            (Some(id), Some(number)) => {
                let by_number = self.store.piece::<Sharing>(number);
                by_number.filter(|sharing| sharing.order_id == id)
            }
        };
        let sharing = sharing.filter(|sharing| sharing.sub_mchid.as_deref() == sub_mchid);
        sharing.ok_or_else(|| Failure::resource_not_exists("分账单不存在"))
    }

    /// What a receiver of a request still has of it.
    fn left_with(&self, sharing: &Sharing, mchid: &str) -> Result<Fen, Failure> {
        let part = sharing
            .parts
            .iter()
            .find(|part| part.kind == "MERCHANT_ID" && part.account == mchid && !part.released);
        let part = part.ok_or_else(|| {
            Failure::invalid_request(numeric::OTHER, "回退商户号不是该分账单的商户接收方")
        })?;
        if part.result != Outcome::Success {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "分账未成功，不能回退",
            ));
        }
        let numbers = sharing.returns.iter();
        let back: i64 = numbers
            .filter_map(|number| self.store.piece::<Return>(number))
            .filter(|back| back.mchid == mchid && !matches!(back.result, Outcome::Closed(_)))
            .map(|back| back.amount.as_fen())
            .sum();
        Ok(Fen::new(part.amount.as_fen() - back))
    }

    pub(super) fn query_share_return(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let (sharing, back) = self.share_return(call).ok_or_else(unknown)?;
        Ok(Reply::ok(Family::of(call).returned(sharing, back)))
    }

    fn share_return(&self, call: &Call<'_>) -> Option<(&Sharing, &Return)> {
        let given = |name: &str| call.query(name).filter(|text| !text.is_empty());
        let number = given("out_return_no").unwrap_or_else(|| call.path("out_return_no"));
        let back = self.store.piece::<Return>(number)?;
        let sharing = self.store.piece::<Sharing>(&back.out_order_no)?;
        let same = given("out_order_no").is_none_or(|number| number == sharing.out_order_no)
            && given("order_id").is_none_or(|id| id == sharing.order_id)
            && given("sub_mchid") == sharing.sub_mchid.as_deref();
        same.then_some((sharing, back))
    }

    /// The time of a return has come.
    pub(in crate::core::book) fn sharing_return_wakes(&mut self, number: &str, at: i64) {
        let Some(mut back) = self.store.piece::<Return>(number).cloned() else {
            return;
        };
        let sharing = self.store.piece::<Sharing>(&back.out_order_no).cloned();
        let (Some(_), Some(sharing)) = (back.coming.take(), sharing) else {
            return;
        };
        let settings = self.share_settings();
        back.ended = Some(at);
        back.result = match settings.return_fail_reason.clone() {
            Some(reason) => Outcome::Closed(reason),
            None => Outcome::Success,
        };
        if back.result == Outcome::Success {
            let receiver = json!({
                "type": "MERCHANT_ID",
                "account": back.mchid,
                "amount": back.amount,
                "description": back.description,
            });
            let (number, id) = (&back.out_return_no, &back.return_id);
            let plaintext = self.movement(&sharing, number, id, receiver, at);
            let about = &sharing.out_trade_no;
            self.tell_of_share(&settings, "PROFITSHARING_RETURN", plaintext, about, at);
        }
        self.store.put_piece(back);
    }
}

fn unknown() -> Failure {
    Failure::resource_not_exists("分账回退单不存在")
}
