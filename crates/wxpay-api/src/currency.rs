//! Currencies.

wxpay_json::open_enum! {
    /// A currency (货币类型), by its ISO 4217 code. Within mainland China there is only CNY.
    pub enum Currency {
        /// Chinese yuan (人民币); amounts are in fen.
        Cny = "CNY",
    }
}
