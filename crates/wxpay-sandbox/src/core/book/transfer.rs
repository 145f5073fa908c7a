//! Merchant transfers (商家转账): money to a user, who confirms that it is wanted, or has agreed to it
//! once and for all; and the batches (批量转账到零钱) that came before.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>. Where the documents leave a choice:
//!
//! - A transfer waits for the user at once, unless the settings have it accepted and processed first.
//! - The merchant's balance is endless until a control sets it. A transfer takes its money from there
//!   when it is asked for and puts it back when it fails or is cancelled.
//! - A receipt is ready a second after it was asked for, a little PDF document of the sandbox's own.

mod authorization;
mod batch;
mod bill;
mod control;
mod family;
mod receipt;
mod state;

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use wxpay_json::Fen;

pub(super) use self::authorization::Authorization;
pub(super) use self::batch::Batch;
pub(super) use self::bill::Transfer;
pub(super) use self::receipt::Receipt;
use super::Book;
use super::modelled::Model;
use super::piece::Entry;
use crate::core::call::{Failure, numeric};

/// What of the operations is carried out here.
pub(super) const MODEL: Model = &[
    (
        "POST",
        "/v3/fund-app/mch-transfer/transfer-bills",
        Book::transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/transfer-bills/transfer",
        Book::transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/transfer-bills/pre-transfer-with-authorization",
        Book::transfer,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{}",
        Book::query_transfer,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/{}",
        Book::query_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{}/cancel",
        Book::cancel_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/partner/transfer-bills",
        Book::transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/partner/transfer-bills/transfer",
        Book::transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/partner/transfer-bills/pre-transfer-with-authorization",
        Book::transfer,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/partner/transfer-bills/out-bill-no/{}",
        Book::query_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/partner/transfer-bills/out-bill-no/{}/cancel",
        Book::cancel_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/partner/user-confirm-authorizations",
        Book::ask_transfer_authorization,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/partner/user-confirm-authorizations/{}",
        Book::query_transfer_authorization,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/partner/user-confirm-authorizations/{}/close",
        Book::close_transfer_authorization,
    ),
    (
        "POST",
        "/v3/ecommerce/mch-transfer/transfer-bills",
        Book::transfer,
    ),
    (
        "GET",
        "/v3/ecommerce/mch-transfer/transfer-bills/out-bill-no/{}",
        Book::query_transfer,
    ),
    (
        "GET",
        "/v3/ecommerce/mch-transfer/transfer-bills/transfer-bill-no/{}",
        Book::query_transfer,
    ),
    (
        "POST",
        "/v3/ecommerce/mch-transfer/transfer-bills/out-bill-no/{}/cancel",
        Book::cancel_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills",
        Book::transfer,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills/{}",
        Book::query_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills/{}/cancel",
        Book::cancel_transfer,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/user-confirm-authorization",
        Book::ask_transfer_authorization,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/{}",
        Book::query_transfer_authorization,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/{}/close",
        Book::close_transfer_authorization,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/elecsign/out-bill-no",
        Book::ask_transfer_receipt,
    ),
    (
        "POST",
        "/v3/fund-app/mch-transfer/elecsign/transfer-bill-no",
        Book::ask_transfer_receipt,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/elecsign/out-bill-no/{}",
        Book::query_transfer_receipt,
    ),
    (
        "GET",
        "/v3/fund-app/mch-transfer/elecsign/transfer-bill-no/{}",
        Book::query_transfer_receipt,
    ),
    (
        "GET",
        "/v3/transferdownload/signfile",
        Book::download_transfer_receipt,
    ),
    ("POST", "/v3/transfer/batches", Book::transfer_batch),
    (
        "GET",
        "/v3/transfer/batches/batch-id/{}",
        Book::query_transfer_batch,
    ),
    (
        "GET",
        "/v3/transfer/batches/out-batch-no/{}",
        Book::query_transfer_batch,
    ),
    (
        "GET",
        "/v3/transfer/batches/batch-id/{}/details/detail-id/{}",
        Book::query_transfer_detail,
    ),
    (
        "GET",
        "/v3/transfer/batches/out-batch-no/{}/details/out-detail-no/{}",
        Book::query_transfer_detail,
    ),
];

/// So long, in seconds, a user may take to confirm a transfer or an authorization.
const PATIENCE: i64 = 24 * 3_600;
/// The least a user can get, in fen.
const LEAST: i64 = 10;
/// From here on, in fen, the payee's name must be given.
const NAME_NEEDED: i64 = 200_000;
/// Below this, in fen, it must not be.
const NAME_FORBIDDEN: i64 = 30;

/// How transfers go: a control for tests.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// For how many seconds of the sandbox's clock a transfer is accepted, and then for as many
    /// processed, before it waits for the user.
    pub(super) accept_seconds: u32,
    /// After how many seconds money arrives, or comes back.
    pub(super) delay_seconds: u32,
    /// What the merchant can transfer, in fen; none for any amount.
    pub(super) balance: Option<i64>,
    /// Whose transfers fail, by openid, and the `fail_reason`.
    pub(super) failing: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accept_seconds: 0,
            delay_seconds: 1,
            balance: None,
            failing: BTreeMap::new(),
        }
    }
}

impl Entry for Settings {
    fn key(&self) -> String {
        String::new()
    }
}

impl Book {
    fn transfers(&self) -> Settings {
        self.store
            .piece::<Settings>("")
            .cloned()
            .unwrap_or_default()
    }

    /// Takes money from the merchant's balance.
    fn draw(&mut self, amount: Fen) -> Result<(), Failure> {
        let mut settings = self.transfers();
        if let Some(balance) = settings.balance {
            let left = balance - amount.as_fen();
            if left < 0 {
                return Err(Failure::new(
                    StatusCode::FORBIDDEN,
                    "NOT_ENOUGH",
                    numeric::OTHER,
                    "商户运营账户资金不足",
                ));
            }
            settings.balance = Some(left);
            self.store.put_piece(settings);
        }
        Ok(())
    }

    /// Puts money back.
    fn put_back(&mut self, amount: Fen) {
        let mut settings = self.transfers();
        if let Some(balance) = settings.balance {
            settings.balance = Some(balance.saturating_add(amount.as_fen()));
            self.store.put_piece(settings);
        }
    }
}

/// The amount of a transfer, and whether the payee's name has to be there.
fn checked_amount(
    amount: Option<i64>,
    has_name: bool,
    at: impl Fn(&str) -> String,
) -> Result<Fen, Failure> {
    let amount = amount.unwrap_or(0);
    if amount < LEAST {
        return Err(Failure::param_error(
            &at("transfer_amount"),
            "转账金额不能低于0.1元",
        ));
    }
    if amount >= NAME_NEEDED && !has_name {
        let issue = "转账金额大于等于2000元时，收款用户姓名为必填项";
        return Err(Failure::param_error(&at("user_name"), issue));
    }
    if amount < NAME_FORBIDDEN && has_name {
        let issue = "转账金额低于0.3元时，不支持校验收款用户姓名";
        return Err(Failure::param_error(&at("user_name"), issue));
    }
    Ok(Fen::new(amount))
}

/// The same number with other parameters.
fn number_taken(message: &str) -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "ALREADY_EXISTS",
        numeric::REENTRY,
        message,
    )
}
