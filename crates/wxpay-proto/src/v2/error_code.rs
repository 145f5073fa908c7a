//! Error codes of v2: what they mean, and whether trying again is safe.

use wxpay_json::open_enum;

/// Whether the same request may be sent again, after WeChat Pay refused it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Repeat {
    /// At once, with the same numbers and the same content.
    Same,
    /// Not before a query: the request may have been carried out, or still be on its way.
    Query,
    /// Later, with the same numbers, once what is in the way is gone: a limit, a balance.
    Later,
    /// Not as it is: something has to be changed, or it is done already.
    No,
}

macro_rules! error_codes {
    ($($repeat:ident { $($variant:ident = $text:literal, $meaning:literal;)* })*) => {
        open_enum! {
            /// An error code (`err_code`, 错误代码) of v2, of any of its interfaces.
            ///
            /// Spelling differs between them: `NOAUTH` and `NO_AUTH` are the same. Codes are added at any time.
            pub enum ErrorCode {
                $($(#[doc = concat!("`", $text, "`: ", $meaning)] $variant = $text,)*)*
            }
        }

        impl ErrorCode {
            /// What it means, in English; `None` for a code that this version does not know.
            #[must_use]
            pub const fn meaning(&self) -> Option<&'static str> {
                match self {
                    $($(Self::$variant => Some($meaning),)*)*
                    Self::Unknown(_) => None,
                }
            }

            /// Whether the same request may be sent again.
            ///
            /// Where interfaces differ, this is for the one that has most to lose: `SYSTEMERROR` of an order may
            /// simply be repeated, of a transfer or a red packet only after a query. A code that this version does
            /// not know is [`Repeat::Query`]: whether the request was carried out is not determined.
            #[must_use]
            pub const fn repeat(&self) -> Repeat {
                match self {
                    $($(Self::$variant => Repeat::$repeat,)*)*
                    Self::Unknown(_) => Repeat::Query,
                }
            }
        }
    };
}

error_codes! {
    Same {
        NeedRetry = "BIZERR_NEED_RETRY", "another request for the same order is being processed";
    }
    Query {
        SystemError = "SYSTEMERROR", "an internal timeout; the result is unknown";
        UserPaying = "USERPAYING", "the payer is typing the password";
        BankError = "BANKERROR", "the bank did not answer in time";
        TradeStateError = "TRADE_STATE_ERROR", "the state of the order does not allow it";
        TradeError = "TRADE_ERROR", "the transaction failed; reverse it, then use a new number";
        Processing = "PROCESSING", "accepted and being processed";
        SendFailed = "SEND_FAILED", "sending failed; ask for the outcome";
        NotFound = "NOT_FOUND", "there is no such number, or not yet";
        NetworkError = "NETWORKERROR", "an internal network failure";
        BusinessError = "ERROR", "an error of the business, explained in the message alone";
    }
    Later {
        NotEnough = "NOTENOUGH", "the balance is too low";
        FrequencyLimited = "FREQUENCY_LIMITED", "too many requests; this one was not taken";
        FreqLimit = "FREQ_LIMIT", "too many requests; this one was not taken";
        InvalidReqTooMuch = "INVALID_REQ_TOO_MUCH", "too many bad requests; blocked for a minute at least";
        OrderNotReady = "ORDER_NOT_READY", "the payment is still being settled";
        AmountLimit = "AMOUNT_LIMIT", "an amount outside its limits";
        MoneyLimit = "MONEY_LIMIT", "a limit on money is reached";
        SendNumLimit = "SENDNUM_LIMIT", "the payee has received too often today";
        SendAmountLimit = "SENDAMOUNT_LIMIT", "the merchant has sent too much today";
        ReceivedAmountLimit = "RCVDAMOUNT_LIMIT", "the payee has received too much today";
        AccountSimpleBan = "V2_ACCOUNT_SIMPLE_BAN", "the payee has not given a real name";
        BillCreating = "BILL_CREATING", "the bill is being made";
        Creating = "CREATING", "the bill is being made";
    }
    No {
        InvalidRequest = "INVALID_REQUEST", "a parameter is wrong, or the number was used with other content";
        NoAuth = "NOAUTH", "the merchant has no permission";
        NoAuthority = "NO_AUTH", "the merchant has no permission, or risk control refused";
        OrderPaid = "ORDERPAID", "the order is paid already";
        OrderClosed = "ORDERCLOSED", "the order is closed; use a new number";
        OrderNotExist = "ORDERNOTEXIST", "there is no such order";
        OrderReversed = "ORDERREVERSED", "the order was reversed";
        AppIdNotExist = "APPID_NOT_EXIST", "there is no such appid";
        MchIdNotExist = "MCHID_NOT_EXIST", "there is no such mch_id";
        AppIdMchIdNotMatch = "APPID_MCHID_NOT_MATCH", "appid and mch_id are not bound to each other";
        LackParams = "LACK_PARAMS", "a parameter is missing";
        ParamError = "PARAM_ERROR", "a parameter is wrong";
        OutTradeNoUsed = "OUT_TRADE_NO_USED", "the number was used with other content";
        SignError = "SIGNERROR", "the signature is wrong";
        SignatureError = "SIGN_ERROR", "the signature is wrong";
        XmlFormatError = "XML_FORMAT_ERROR", "the XML is malformed";
        XmlError = "XML_ERROR", "the XML is malformed";
        RequirePostMethod = "REQUIRE_POST_METHOD", "POST is needed";
        HttpMethodError = "HTTP_METHOD_ERROR", "the HTTP method is wrong";
        PostDataEmpty = "POST_DATA_EMPTY", "the body is empty";
        NotUtf8 = "NOT_UTF8", "the text is not UTF-8";
        ParamIsNotUtf8 = "PARAM_IS_NOT_UTF8", "a parameter is not UTF-8";
        CertError = "CERT_ERROR", "the client certificate is wrong";
        CaError = "CA_ERROR", "the client certificate is wrong";
        AuthCodeExpire = "AUTHCODEEXPIRE", "the payment code has expired; scan a new one under a new number";
        AuthCodeError = "AUTH_CODE_ERROR", "the payment code was used already; scan a new one under a new number";
        AuthCodeInvalid = "AUTH_CODE_INVALID", "this is no payment code";
        NotSupportCard = "NOTSUPORTCARD", "this kind of card is not supported";
        BuyerMismatch = "BUYER_MISMATCH", "another payer tries to pay the same order";
        RuleLimit = "RULELIMIT", "a rule of risk control refuses it";
        ReverseExpire = "REVERSE_EXPIRE", "older than seven days, too old to reverse";
        TradeOverdue = "TRADE_OVERDUE", "older than a year, too old to refund";
        UserAccountAbnormal = "USER_ACCOUNT_ABNORMAL", "the payer's account is closed; refund in another way";
        InvalidTransactionId = "INVALID_TRANSACTIONID", "the transaction_id is wrong";
        RefundFeeMismatch = "REFUND_FEE_MISMATCH", "the amount is not that of the first request of this number";
        RefundNotExist = "REFUNDNOTEXIST", "there is no such refund";
        FatalError = "FATAL_ERROR", "the number was used with other content; repeat the first content";
        NameMismatch = "NAME_MISMATCH", "the name is not the payee's";
        OpenIdError = "OPENID_ERROR", "the openid does not belong to the appid";
        RecvAccountNotAllowed = "RECV_ACCOUNT_NOT_ALLOWED", "the payee is not on the merchant's list";
        PayChannelNotAllowed = "PAY_CHANNEL_NOT_ALLOWED", "this way of paying out is not enabled";
        IllegalAppId = "ILLEGAL_APPID", "the appid is not allowed";
        MsgAppIdError = "MSGAPPID_ERROR", "the msgappid is not allowed";
        AcceptModeError = "ACCEPTMODE_ERROR", "the mode of acceptance does not allow it";
        ApiMethodClosed = "API_METHOD_CLOSED", "the interface is switched off for this merchant";
        NoCompetence = "NO_COMPETENCE", "the merchant lacks the competence";
        WorkwxMchIdError = "WORKWX_MCHID_ERROR", "the merchant is not bound to the enterprise";
        WorkwxSignError = "WORKWX_SIGN_ERROR", "workwx_sign is wrong";
        CouponStockIdNotValid = "COUPON_STOCK_ID_NOT_VALID", "the number of the coupon stock is wrong";
        CouponStockIdEmpty = "COUPON_STOCK_ID_EMPTY", "the number of the coupon stock is missing";
        CouponStockNotFound = "COUPON_STOCK_NOT_FOUND", "there is no such coupon stock";
        GetCouponStockFail = "GET_COUPON_STOCK_FAIL", "the coupon stock cannot be read";
        CouponNotFound = "COUPON_NOT_FOUND", "there is no such coupon";
        MchIdEmpty = "MCH_ID_EMPTY", "the mch_id is missing";
        CodeToIdError = "CODE_2_ID_ERR", "the code of the merchant cannot be resolved";
        ReqParamXmlError = "REQ_PARAM_XML_ERR", "the XML is malformed";
        NoBillExist = "NO_BILL_EXIST", "there is no bill of that day: nothing was traded";
        BillNotExist = "20002", "there is no bill of that day: nothing was traded";
        BillSignError = "20001", "the signature is wrong (bills)";
    }
}
