//! What libclang says of a type, as a kind.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use clang::{Entity, EntityKind, Type, TypeKind};

use super::probes::Probes;
use super::units::Texts;
use super::{bits, records};
use crate::error::{Error, Result};
use crate::kind::{DEEPEST, Field, Fields, Kind};
use crate::names::Names;
use crate::number::{Number, Order};
use crate::path::is_name;

/// The types of one header, each made once.
pub(super) struct Kinds<'a> {
    /// Where bases are in what is made of them.
    pub(super) probes: &'a Probes,
    pub(super) texts: &'a Texts,
    done: RefCell<HashMap<String, std::result::Result<Arc<Fields>, String>>>,
    /// The types that are parts of others.
    parts: RefCell<HashSet<String>>,
}

impl<'a> Kinds<'a> {
    pub(super) fn new(probes: &'a Probes, texts: &'a Texts) -> Self {
        Self { probes, texts, done: RefCell::default(), parts: RefCell::default() }
    }

    /// Returns whether a type was met inside another one.
    pub(super) fn is_part(&self, name: &str) -> bool {
        self.parts.borrow().contains(name)
    }

    /// Returns the fields of a record.
    pub(super) fn fields(&self, ty: &Type<'_>, hint: &str, depth: usize) -> Result<Arc<Fields>> {
        let ty = ty.get_canonical_type();
        let name = records::type_name(&ty);
        if let Some(done) = self.done.borrow().get(&name) {
            return done.clone().map_err(Error::new);
        }
        if depth > DEEPEST {
            return Err(Error::new(format!(
                "could not lay out `{name}`: more than {DEEPEST} structs are inside each other"
            )));
        }
        let shown = if records::is_anonymous(&name) { hint } else { &name };
        let made = self.made(&ty, &name, shown, depth).map(Arc::new);
        let kept = made.as_ref().map(Arc::clone).map_err(ToString::to_string);
        self.done.borrow_mut().insert(name, kept);
        made
    }

    fn made(&self, ty: &Type<'_>, name: &str, shown: &str, depth: usize) -> Result<Fields> {
        let refused = |why: &str| Error::new(format!("could not lay out `{shown}`: {why}"));
        let size = ty.get_sizeof().map_err(|error| {
            self.probes.want_size(name);
            refused(&format!("{error}"))
        })?;
        let alignment = ty.get_alignof().map_err(|error| refused(&format!("{error}")))?;
        let declaration = ty.get_declaration().ok_or_else(|| refused("it is not declared"))?;
        let union = declaration.get_kind() == EntityKind::UnionDecl;
        let mut fields = Vec::new();
        let bases = records::bases(&declaration);
        let own = ty.get_fields().unwrap_or_default();
        let mut taken: HashSet<String> =
            own.iter().filter_map(Entity::get_name).filter(|name| is_name(name)).collect();
        if records::has_own_table(&declaration) {
            let number = if ty_size(&declaration) == 4 { Number::U32 } else { Number::U64 };
            taken.insert("_vtable".to_owned());
            fields.push(Field {
                name: "_vtable".to_owned(),
                offset: 0,
                kind: Kind::Number(number, Order::Little),
                unit: None,
            });
        }
        for base in &bases {
            fields.extend(self.base(base, name, &mut taken, depth)?);
        }
        for entity in own {
            let its = entity.get_name().filter(|its| is_name(its)).unwrap_or_default();
            let field = self.field(&entity, &its, shown, size as u64, depth);
            let field = field.map_err(|error| match its.is_empty() {
                true => error,
                false => Error::new(format!("{error} (`{shown}.{its}`)")),
            })?;
            fields.extend(field);
        }
        Fields::new(shown, size as u64, alignment as u64, union, fields)
    }

    /// Returns a base as a field without a name, or with that of its type, if fields of its are hidden.
    fn base(
        &self,
        base: &Entity<'_>,
        derived: &str,
        taken: &mut HashSet<String>,
        depth: usize,
    ) -> Result<Option<Field>> {
        let name = base.get_type().map(|ty| records::type_name(&ty.get_canonical_type()));
        let (Some(ty), Some(name)) = (base.get_type(), name) else { return Ok(None) };
        let refused = |why: &str| {
            Error::new(format!("could not lay out `{derived}`: its base `{name}` {why}"))
        };
        if base.is_virtual_base() {
            return Err(refused("is virtual, and has no place that is known before it runs"));
        }
        self.parts.borrow_mut().insert(name.clone());
        let fields = self.fields(&ty, &name, depth + 1)?;
        if fields.fields().is_empty() {
            return Ok(None);
        }
        let offset = self.probes.offset(derived, &name);
        let offset = offset.ok_or_else(|| refused("has a place that could not be found"))?;
        let is_hidden = fields.names().any(|name| taken.contains(name));
        let mut field = String::new();
        if is_hidden {
            let usable = |c: char| if is_name(&format!("_{c}")) { c } else { '_' };
            field = name.chars().map(usable).collect();
            taken.insert(field.clone());
        } else {
            taken.extend(fields.names().map(str::to_owned));
        }
        Ok(Some(Field { name: field, offset, kind: Kind::Fields(fields), unit: None }))
    }

    fn field(
        &self,
        entity: &Entity<'_>,
        name: &str,
        of: &str,
        size: u64,
        depth: usize,
    ) -> Result<Option<Field>> {
        let refused = |why: &str| Error::new(format!("could not lay out a field: {why}"));
        let ty = entity.get_type().ok_or_else(|| refused("it has no type"))?;
        let at = entity.get_offset_of_field().map_err(|error| refused(&error.to_string()))? as u64;
        let (mut offset, kind) = match entity.get_bit_field_width() {
            // Bits without a name are gaps.
            Some(_) if name.is_empty() => return Ok(None),
            Some(width) => {
                let number = number(&ty).ok_or_else(|| refused("its bits are of no number"))?;
                let width = width as u64;
                bits::place(number, at, width, size)
                    .unwrap_or_else(|| (at / 8, Kind::Bytes((at % 8 + width).div_ceil(8))))
            }
            None => {
                let hint = if name.is_empty() { String::new() } else { format!("{of}::{name}") };
                (at / 8, self.kind(&ty, &hint, depth)?)
            }
        };
        if kind.size() == 0 {
            // It may begin where the struct ends, and has no bytes there.
            offset = offset.min(size);
        }
        if name.is_empty() && !matches!(kind, Kind::Fields(_)) {
            return Ok(None);
        }
        let unit = is_measured(&kind).then(|| self.unit(entity)).flatten();
        Ok(Some(Field { name: name.to_owned(), offset, kind, unit }))
    }

    fn unit(&self, entity: &Entity<'_>) -> Option<String> {
        let end = entity.get_range()?.get_end().get_file_location();
        self.texts.unit(&end.file?.get_path(), end.offset as usize)
    }

    /// Returns the kind of a type; `hint` names it if it has no name.
    pub(super) fn kind(&self, ty: &Type<'_>, hint: &str, depth: usize) -> Result<Kind> {
        let refused = |why: &str| {
            let name = ty.get_display_name();
            Err(Error::new(format!("could not lay out the type `{name}`: {why}")))
        };
        if depth > DEEPEST {
            return refused("it is too deep inside others");
        }
        let ty = desugared(*ty);
        let canonical = ty.get_canonical_type();
        let size = match (ty.get_kind(), ty.get_sizeof()) {
            (TypeKind::IncompleteArray, _) => 0,
            // That of what it refers to.
            (TypeKind::LValueReference | TypeKind::RValueReference, _) => pointer(&ty)?,
            (_, Ok(size)) => size as u64,
            (_, Err(error)) => {
                self.probes.want_size(&records::type_name(&canonical));
                return refused(&error.to_string());
            }
        };
        let kind = match ty.get_kind() {
            TypeKind::ConstantArray | TypeKind::IncompleteArray => {
                let element = ty.get_element_type();
                let Some(element) = element else { return refused("it has no elements") };
                let count = ty.get_size().unwrap_or(0) as u64;
                match text_unit(element) {
                    Some(unit) => Kind::Text { unit, order: Order::Little, len: count },
                    None => Kind::array(self.kind(&element, hint, depth + 1)?, count)?,
                }
            }
            TypeKind::Vector | TypeKind::Complex => {
                let count = ty.get_size().unwrap_or(2) as u64;
                match ty.get_element_type() {
                    Some(element) => Kind::array(self.kind(&element, hint, depth + 1)?, count)?,
                    None => Kind::Bytes(size),
                }
            }
            TypeKind::DependentSizedArray | TypeKind::VariableArray => {
                return refused("its length is not known before it runs");
            }
            TypeKind::Record => {
                self.parts.borrow_mut().insert(records::type_name(&canonical));
                Kind::Fields(self.fields(&canonical, hint, depth + 1)?)
            }
            TypeKind::Enum => self.enumeration(&canonical, hint)?,
            _ => number(&ty).map_or(Kind::Bytes(size), |one| Kind::Number(one, Order::Little)),
        };
        Ok(if kind.size() == size { kind } else { Kind::Bytes(size) })
    }

    fn enumeration(&self, ty: &Type<'_>, hint: &str) -> Result<Kind> {
        let name = records::type_name(ty);
        let shown = if records::is_anonymous(&name) { hint } else { &name };
        let declaration = ty.get_declaration().and_then(|one| one.get_definition());
        let number = number(ty).map(|number| match number {
            // Its values may have names as those of others.
            Number::Bool => Number::U8,
            other => other,
        });
        let (Some(number), Some(declaration)) = (number, declaration) else {
            let size = ty.get_sizeof().unwrap_or(4) as u64;
            return Ok(Kind::Bytes(size));
        };
        let children = declaration.get_children().into_iter();
        let values = children.filter(|one| one.get_kind() == EntityKind::EnumConstantDecl);
        let values = values.filter_map(|one| {
            let (signed, unsigned) = one.get_enum_constant_value()?;
            let value = if number.is_signed() { signed.into() } else { unsigned.into() };
            Some((one.get_name()?, value))
        });
        let values: Vec<(String, i128)> =
            values.filter(|(_, value)| number.holds(*value)).collect();
        if values.is_empty() {
            return Ok(Kind::Number(number, Order::Little));
        }
        let names =
            Names::new(if shown.is_empty() { "enum" } else { shown }, number, false, values)?;
        Ok(Kind::Names(Arc::new(names), Order::Little))
    }
}

/// Returns the type that names stand for, but not what the parts of it are.
fn desugared(mut ty: Type<'_>) -> Type<'_> {
    loop {
        let inner = match ty.get_kind() {
            TypeKind::Elaborated => ty.get_elaborated_type(),
            TypeKind::Typedef => {
                ty.get_declaration().and_then(|one| one.get_typedef_underlying_type())
            }
            TypeKind::Attributed => ty.get_modified_type(),
            TypeKind::Unexposed | TypeKind::Auto => {
                let canonical = ty.get_canonical_type();
                (canonical.get_kind() != ty.get_kind()).then_some(canonical)
            }
            _ => None,
        };
        match inner {
            Some(inner) if inner != ty => ty = inner,
            _ => return ty,
        }
    }
}

/// Returns the bytes of a character, if a type is one of those that texts are made of.
fn text_unit(mut ty: Type<'_>) -> Option<u8> {
    loop {
        let size = || ty.get_sizeof().ok().and_then(|size| u8::try_from(size).ok());
        match ty.get_kind() {
            TypeKind::CharS | TypeKind::CharU => return Some(1),
            TypeKind::WChar | TypeKind::Char16 | TypeKind::Char32 => return size(),
            TypeKind::Typedef => {
                let declaration = ty.get_declaration()?;
                let name = declaration.get_name()?;
                // In C these are names of plain numbers.
                if ["wchar_t", "char16_t", "char32_t", "char8_t"].contains(&name.as_str()) {
                    return size();
                }
                ty = declaration.get_typedef_underlying_type()?;
            }
            TypeKind::Elaborated => ty = ty.get_elaborated_type()?,
            _ => return (ty.get_canonical_type().get_display_name() == "char8_t").then_some(1),
        }
    }
}

/// Returns the number that a type is.
fn number(ty: &Type<'_>) -> Option<Number> {
    let ty = ty.get_canonical_type();
    let is_signed = match ty.get_kind() {
        TypeKind::Bool => return Some(Number::Bool),
        TypeKind::Float | TypeKind::Double | TypeKind::LongDouble => {
            return match ty.get_sizeof() {
                Ok(4) => Some(Number::F32),
                Ok(8) => Some(Number::F64),
                _ => None,
            };
        }
        TypeKind::Enum => return number(&ty.get_declaration()?.get_enum_underlying_type()?),
        TypeKind::CharS
        | TypeKind::SChar
        | TypeKind::Short
        | TypeKind::Int
        | TypeKind::Long
        | TypeKind::LongLong => true,
        TypeKind::CharU
        | TypeKind::UChar
        | TypeKind::UShort
        | TypeKind::UInt
        | TypeKind::ULong
        | TypeKind::ULongLong
        | TypeKind::Char16
        | TypeKind::Char32
        | TypeKind::Pointer
        | TypeKind::MemberPointer
        | TypeKind::BlockPointer
        | TypeKind::Nullptr => false,
        // Without a sign on Windows, with one on Linux.
        TypeKind::WChar => ty.get_sizeof() == Ok(4),
        TypeKind::LValueReference | TypeKind::RValueReference => {
            return if pointer(&ty).ok()? == 4 { Some(Number::U32) } else { Some(Number::U64) };
        }
        _ => return atomic(&ty.get_display_name()),
    };
    Some(match (ty.get_sizeof().ok()?, is_signed) {
        (1, true) => Number::I8,
        (1, false) => Number::U8,
        (2, true) => Number::I16,
        (2, false) => Number::U16,
        (4, true) => Number::I32,
        (4, false) => Number::U32,
        (8, true) => Number::I64,
        (8, false) => Number::U64,
        _ => return None,
    })
}

/// Returns the number of an atomic one, of which libclang tells the name alone.
fn atomic(name: &str) -> Option<Number> {
    if name == "char8_t" {
        return Some(Number::U8);
    }
    let inside = name.strip_prefix("_Atomic(")?.strip_suffix(')')?;
    Some(match inside {
        "_Bool" | "bool" => Number::Bool,
        "char" | "signed char" => Number::I8,
        "unsigned char" => Number::U8,
        "short" => Number::I16,
        "unsigned short" => Number::U16,
        "int" => Number::I32,
        "unsigned int" => Number::U32,
        "long long" => Number::I64,
        "unsigned long long" => Number::U64,
        "float" => Number::F32,
        "double" => Number::F64,
        _ => return None,
    })
}

/// Returns the size of a pointer where this type is.
fn pointer(ty: &Type<'_>) -> Result<u64> {
    let declared = ty.get_pointee_type().and_then(|one| one.get_declaration());
    let width = declared.map_or(8, |one| ty_size(&one));
    Ok(width)
}

/// Returns the size of a pointer for the compiler that this declaration is for.
fn ty_size(declaration: &Entity<'_>) -> u64 {
    let width = declaration.get_translation_unit().get_target().pointer_width;
    if width == 32 { 4 } else { 8 }
}

/// Returns whether values of this kind can have a unit: numbers, and structs of one sort of numbers.
fn is_measured(kind: &Kind) -> bool {
    fn only(kind: &Kind) -> Option<Number> {
        match kind {
            Kind::Number(number, _) if *number != Number::Bool => Some(*number),
            Kind::Array(element, _) => only(element),
            Kind::Fields(fields) => {
                let mut all = fields.fields().iter().map(|field| only(&field.kind));
                let first = all.next()??;
                all.all(|other| other == Some(first)).then_some(first)
            }
            _ => None,
        }
    }
    only(kind).is_some()
}
