//! The interfaces of WeChat Pay's test systems: the ordinary ones under another path.

use http::header::{HeaderName, HeaderValue, InvalidHeaderValue};
use wxpay_json::{DecodeError, InvalidField};
use wxpay_proto::BodyError;
use wxpay_proto::v2::{Form, Operation, OperationInfo, Reply, Request, Signing};

use crate::v2::bill::DownloadBill;
use crate::v2::pay::{CloseOrder, MicroPay, OrderQuery, Report, Reverse, UnifiedOrder};
use crate::v2::refund::{CreateRefund, RefundQuery};

mod sealed {
    #[expect(
        unnameable_types,
        reason = "so that nobody else implements the traits below"
    )]
    pub trait Sealed {}
}

/// An operation that the simulator under `/sandboxnew` knows.
pub trait InSimulator: Operation + sealed::Sealed {
    /// What it is called there.
    const NAME: &'static str;
    /// Its path there.
    const PATH: &'static str;
}

/// An operation that the test system under `/xdc` knows.
pub trait InSandbox: Operation + sealed::Sealed {
    /// What it is called there.
    const NAME: &'static str;
    /// Its path there.
    const PATH: &'static str;
}

/// An operation sent to the simulator under `/sandboxnew` (仿真系统), which takes its answers from the amounts
/// of an agreed list,
/// [official page](https://pay.weixin.qq.com/wiki/doc/api/tools/sp_coupon.php?chapter=23_1&index=2).
///
/// Everything but the path is as with the operation itself: the simulator's key
/// ([`SimulatorSignKey`](crate::v2::sandbox::SimulatorSignKey)) stands in for the API v2 key of the merchant
/// that signs, always by MD5, and no certificate is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Simulator<O>(O);

/// An operation sent to the test system under `/xdc`, whose answer is chosen by a header,
/// [official page](https://pay.weixin.qq.com/wiki/doc/api/tools/sp_coupon.php?chapter=23_1&index=2).
///
/// Everything but the path is as with the operation itself: the system's key
/// ([`SandboxSignKey`](crate::v2::sandbox::SandboxSignKey)) stands in for the API v2 key of the merchant that
/// signs, always by MD5, and no certificate is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sandbox<O>(O);

wxpay_json::open_enum! {
    /// What the test system under `/xdc` is told to answer to a payment by code. Without it the payment succeeds.
    pub enum NegativeTest {
        /// The payer has to type a password.
        UserPaying = "MICROPAY_USERPAYING",
        /// No answer comes in time.
        Timeout = "MICROPAY_TIMEOUT",
        /// The payment fails.
        PayError = "MICROPAY_PAYERROR",
    }
}

impl NegativeTest {
    /// The header that says it.
    pub const HEADER: HeaderName = HeaderName::from_static("wechatpay-negative-test");

    /// Puts the header on a request that is ready to be sent. It is not signed.
    ///
    /// # Errors
    ///
    /// Where it is [`Unknown`](Self::Unknown) and its word cannot stand in a header.
    pub fn apply<B>(&self, request: &mut http::Request<B>) -> Result<(), InvalidHeaderValue> {
        let value = HeaderValue::from_str(self.as_str())?;
        request.headers_mut().insert(Self::HEADER, value);
        Ok(())
    }
}

/// What a test system changes.
fn simulated(info: OperationInfo, name: &'static str, path: &'static str) -> OperationInfo {
    let mut simulated = info.signing(Signing::Md5);
    simulated.name = name;
    simulated.path = path;
    simulated.certificate = false;
    simulated
}

macro_rules! wrapper {
    ($wrapper:ident, $known:ident) => {
        impl<O: $known> $wrapper<O> {
            /// `operation`, to be sent there.
            pub const fn new(operation: O) -> Self {
                Self(operation)
            }

            /// The operation itself.
            pub const fn operation(&self) -> &O {
                &self.0
            }
        }

        impl<O: $known> Request for $wrapper<O> {
            fn info(&self) -> OperationInfo {
                simulated(self.0.info(), O::NAME, O::PATH)
            }

            fn check(&self) -> Result<(), InvalidField> {
                self.0.check()
            }

            fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
                self.0.write(form)
            }
        }

        impl<O: $known> Operation for $wrapper<O> {
            type Response = O::Response;

            fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError> {
                self.0.read(reply)
            }
        }
    };
}

wrapper!(Simulator, InSimulator);
wrapper!(Sandbox, InSandbox);

macro_rules! known {
    ($known:ident: $($(#[$doc:meta])* $alias:ident = $wrapper:ident<$operation:ident>, $name:literal, $path:literal;)*) => {
        $(
            impl $known for $operation {
                const NAME: &'static str = concat!("v2.sandbox.", $name);
                const PATH: &'static str = $path;
            }

            $(#[$doc])*
            pub type $alias = $wrapper<$operation>;
        )*
    };
}

known! { InSimulator:
    /// Charges by payment code in the simulator.
    SimulatorMicroPay = Simulator<MicroPay>, "simulator_micro_pay", "/sandboxnew/pay/micropay";
    /// Creates an order in the simulator.
    SimulatorUnifiedOrder = Simulator<UnifiedOrder>, "simulator_unified_order", "/sandboxnew/pay/unifiedorder";
    /// Looks up an order in the simulator.
    SimulatorOrderQuery = Simulator<OrderQuery>, "simulator_order_query", "/sandboxnew/pay/orderquery";
    /// Closes an order in the simulator.
    SimulatorCloseOrder = Simulator<CloseOrder>, "simulator_close_order", "/sandboxnew/pay/closeorder";
    /// Refunds an order in the simulator.
    SimulatorRefund = Simulator<CreateRefund>, "simulator_refund", "/sandboxnew/pay/refund";
    /// Looks up refunds in the simulator.
    SimulatorRefundQuery = Simulator<RefundQuery>, "simulator_refund_query", "/sandboxnew/pay/refundquery";
    /// Takes back a payment by code in the simulator.
    SimulatorReverse = Simulator<Reverse>, "simulator_reverse", "/sandboxnew/pay/reverse";
    /// Fetches the bill of a day in the simulator.
    SimulatorDownloadBill = Simulator<DownloadBill>, "simulator_download_bill", "/sandboxnew/pay/downloadbill";
    /// Reports payments by code to the simulator.
    SimulatorReport = Simulator<Report>, "simulator_report", "/sandboxnew/pay/report";
}

known! { InSandbox:
    /// Charges by payment code in the test system.
    SandboxMicroPay = Sandbox<MicroPay>, "sandbox_micro_pay", "/xdc/apiv2sandbox/pay/micropay";
    /// Looks up an order in the test system.
    SandboxOrderQuery = Sandbox<OrderQuery>, "sandbox_order_query", "/xdc/apiv2sandbox/pay/orderquery";
}

macro_rules! sealed {
    ($($operation:ident),*) => { $(impl sealed::Sealed for $operation {})* };
}

sealed!(
    MicroPay,
    UnifiedOrder,
    OrderQuery,
    CloseOrder,
    CreateRefund,
    RefundQuery,
    Reverse,
    DownloadBill,
    Report
);
