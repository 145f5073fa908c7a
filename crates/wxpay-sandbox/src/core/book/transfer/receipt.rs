//! Electronic receipts (电子回单) of transfers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Transfer;
use super::state::State;
use crate::core::book::piece::Entry;
use crate::core::book::text::{beijing, hex};
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full};
use crate::core::call::{Failure, Reply, numeric};

/// So long it takes to make one, in seconds.
const MAKING: i64 = 1;

/// A receipt that was asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Receipt {
    out_bill_no: String,
    /// What the download is allowed with.
    token: String,
    created: i64,
}

impl Entry for Receipt {
    fn key(&self) -> String {
        self.out_bill_no.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.token.clone()]
    }
}

impl Book {
    pub(super) fn ask_transfer_receipt(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let transfer = self.transfer_named(context.call)?;
        if transfer.state != State::Success {
            let message = "仅转账成功的单据可申请电子回单";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        let number = transfer.out_bill_no.clone();
        let receipt = match self.store.piece::<Receipt>(&number) {
            Some(known) => known.clone(),
            None if !self.store.has_room_for_piece::<Receipt>() => return Err(full("电子回单")),
            None => Receipt {
                out_bill_no: number,
                token: context.ids.alphanumeric(48),
                created: context.now(),
            },
        };
        let state = state(&receipt, context.now());
        let reply = json!({ "state": state, "create_time": beijing(receipt.created) });
        self.store.put_piece(receipt);
        Ok(Reply::ok(reply))
    }

    pub(super) fn query_transfer_receipt(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let transfer = self.transfer_named(call)?;
        let receipt = self.store.piece::<Receipt>(&transfer.out_bill_no);
        let receipt = receipt.ok_or_else(|| Failure::resource_not_exists("电子回单未申请"))?;
        let state = state(receipt, context.now());
        let mut view = Map::new();
        put(&mut view, "state", Some(state));
        put(&mut view, "create_time", Some(&beijing(receipt.created)));
        let finished = state == "FINISHED";
        let changed = receipt.created + if finished { MAKING } else { 0 };
        put(&mut view, "update_time", Some(&beijing(changed)));
        if finished {
            let digest = hex(&Sha256::digest(self.receipt_file(transfer)));
            let (base, token) = (call.base_url, &receipt.token);
            let url = format!("{base}/v3/transferdownload/signfile?token={token}");
            put(&mut view, "hash_type", Some("SHA256"));
            put(&mut view, "hash_value", Some(&digest));
            put(&mut view, "download_url", Some(&url));
        }
        Ok(Reply::ok(Value::Object(view)))
    }

    pub(super) fn download_transfer_receipt(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let token = context.call.query("token").unwrap_or_default();
        let receipt = self.store.piece_named::<Receipt>(token);
        let transfer = receipt.and_then(|it| self.store.piece::<Transfer>(&it.out_bill_no));
        let transfer = transfer.ok_or_else(|| Failure::resource_not_exists("文件不存在"))?;
        Ok(Reply::Raw {
            content_type: "application/pdf",
            body: self.receipt_file(transfer).into(),
            gzip: false,
        })
    }

    /// One page that says what was transferred.
    fn receipt_file(&self, transfer: &Transfer) -> Vec<u8> {
        let text = format!(
            "BT /F1 12 Tf 40 120 Td ({}) Tj 0 -20 Td ({}) Tj 0 -20 Td ({} fen) Tj ET",
            self.parties.mchid,
            transfer.transfer_bill_no,
            transfer.amount.as_fen(),
        );
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 160]/Contents 4 0 R\
             /Resources<</Font<</F1 5 0 R>>>>>>"
                .to_owned(),
            format!("<</Length {}>>\nstream\n{text}\nendstream", text.len()),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
        ];
        let mut file = "%PDF-1.4\n".to_owned();
        let mut table = String::new();
        for (number, object) in (1..).zip(&objects) {
            table.push_str(&format!("{:010} 00000 n \n", file.len()));
            file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
        }
        let count = objects.len() + 1;
        let start = file.len();
        file.push_str(&format!(
            "xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<</Size {count}/Root 1 0 R>>\n\
             startxref\n{start}\n%%EOF\n"
        ));
        file.into_bytes()
    }
}

fn state(receipt: &Receipt, now: i64) -> &'static str {
    if now < receipt.created.saturating_add(MAKING) {
        "GENERATING"
    } else {
        "FINISHED"
    }
}
