//! The things of the products beside payment, by kind and name.

use super::{Key, MOST, Store};
use crate::core::book::piece::{Piece, Shelved};

impl Store {
    /// A thing by the name it is kept under.
    pub(in crate::core::book) fn piece<T: Shelved>(&self, key: &str) -> Option<&T> {
        T::of(self.pieces.get(&(T::SHELF, key.to_owned()))?)
    }

    /// A thing by one of its other names.
    pub(in crate::core::book) fn piece_named<T: Shelved>(&self, name: &str) -> Option<&T> {
        self.piece(self.piece_names.get(&(T::SHELF, name.to_owned()))?)
    }

    /// All things of a kind, by their names.
    pub(in crate::core::book) fn pieces<T: Shelved>(&self) -> impl Iterator<Item = &T> {
        self.pieces
            .range((T::SHELF, String::new())..)
            .take_while(|((shelf, _), _)| *shelf == T::SHELF)
            .filter_map(|(_, piece)| T::of(piece))
    }

    /// Whether one more of a kind can be kept.
    pub(in crate::core::book) fn has_room_for_piece<T: Shelved>(&self) -> bool {
        self.piece_counts.get(&T::SHELF).copied().unwrap_or(0) < MOST
    }

    pub(in crate::core::book) fn put_piece<T: Shelved>(&mut self, it: T) {
        self.changed.insert(Key::Piece(T::SHELF, it.key()));
        self.set_piece(it.shelve());
    }

    pub(super) fn set_piece(&mut self, piece: Piece) {
        let (shelf, key) = (piece.shelf(), piece.key());
        for name in piece.names() {
            self.piece_names.insert((shelf, name), key.clone());
        }
        self.agenda
            .set(Key::Piece(shelf, key.clone()), piece.wakes());
        if self.pieces.insert((shelf, key), piece).is_none() {
            *self.piece_counts.entry(shelf).or_default() += 1;
        }
    }
}
