//! What WeChat Pay tells the service, or somebody in its name.

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::Response;
use wxpay_api::v2::pay::PaymentNotice;
use wxpay_api::v2::refund::RefundNotice;
use wxpay_client::proto::v2::reply;

use crate::service::Service;

impl Service {
    /// `POST /wechatpay/notify`: a payment, or what claims to be one.
    pub(crate) fn notified(&self, body: &[u8]) -> Response<Bytes> {
        let notification = match self.client.merchant().open_notification(body) {
            Ok(notification) => notification,
            Err(error) => return error.reply(),
        };
        let notice = || -> Result<()> {
            if let Some(error) = notification.error() {
                bail!(error);
            }
            let notice: PaymentNotice = notification.decode()?;
            let mut orders = self.book.orders();
            let order = orders.get_mut(&notice.out_trade_no);
            let order = order.context("an order that is not ours")?;
            // Genuine is not enough: merchant, app, order and amount must be those of this order.
            notice.check(&order.expected)?;
            order.paid(&notice.transaction_id);
            Ok(())
        };
        match notice() {
            Ok(()) => reply::success(),
            Err(_) => reply::failure("订单不符"),
        }
    }

    /// `POST /wechatpay/refund-notify`: how a refund ended. Nothing signs it; it is encrypted with our key, and says
    /// nothing that is not compared with the refund we asked for.
    pub(crate) fn refund_notified(&self, body: &[u8]) -> Response<Bytes> {
        let notification = match self.client.merchant().open_refund_notification(body) {
            Ok(notification) => notification,
            Err(error) => return error.reply(),
        };
        let notice = || -> Result<()> {
            let notice: RefundNotice = notification.decode()?;
            let number = notice.out_trade_no.as_deref().unwrap_or_default();
            let mut orders = self.book.orders();
            let refund = orders
                .get_mut(number)
                .and_then(|order| order.refund.as_mut());
            let refund = refund.context("a refund that is not ours")?;
            notice.check(&refund.expected)?;
            notice.refund_status.as_str().clone_into(&mut refund.status);
            Ok(())
        };
        match notice() {
            Ok(()) => reply::success(),
            Err(_) => reply::failure("退款不符"),
        }
    }
}
