//! Reads the headers of an ELF file, and of the rest only the one section that is wanted.
//!
//! # Promises
//! - Nothing is read, and no memory taken, before the range was found to lie inside the file.
//! - A file that passes has all its segments and sections, so that `dlopen` can map it.

use object::elf::{self, Dyn64, FileHeader64, ProgramHeader64, SectionHeader64};
use object::{NativeEndian as Native, pod};

use super::file::PackFile;
use super::looks::looks_like;
use crate::error::{Fault, PackError};

type FileHeader = FileHeader64<Native>;
type Segment = ProgramHeader64<Native>;
type Section = SectionHeader64<Native>;

/// The names of all sections together are longer than this in no real file.
const MAX_NAMES: u64 = 16 << 20;

/// The dynamic table is longer than this in no real file.
const MAX_DYNAMIC: u64 = 1 << 20;

/// Checks a file and reads the section called `name`, of at most `max` bytes.
pub(crate) fn manifest_section(
    file: &PackFile,
    name: &'static str,
    max: u64,
) -> Result<Vec<u8>, PackError> {
    check_ident(file)?;
    let words = file.words(0, size_of::<FileHeader>() as u64, "the header")?;
    let Ok((header, _)) = pod::from_bytes::<FileHeader>(pod::bytes_of_slice(&words)) else {
        return Err(file.damaged("its header cannot be read"));
    };
    check_header(file, header)?;
    check_segments(file, header)?;
    let section = find_section(file, header, name)?;
    let len = section.sh_size.get(Native);
    if len > max {
        return Err(file.fault(Fault::ManifestTooLarge { len, max }));
    }
    file.bytes(section.sh_offset.get(Native), len, "its manifest")
}

/// The first bytes, which mean the same on every machine.
fn check_ident(file: &PackFile) -> Result<(), PackError> {
    let len = file.id().size;
    if len == 0 {
        return Err(file.fault(Fault::Empty));
    }
    let head = file.head(512)?;
    let magic = &elf::ELFMAG[..head.len().min(elf::ELFMAG.len())];
    if !head.starts_with(magic) {
        return Err(file.fault(Fault::NotElf { looks: looks_like(&head) }));
    }
    if head.len() < size_of::<FileHeader>() {
        return Err(file.fault(Fault::TooShort { len }));
    }
    let (found, host) = (head[4], if cfg!(target_pointer_width = "64") { 2 } else { 1 });
    match found {
        1 | 2 if found == host => {}
        1 | 2 => {
            let bits = |class: u8| 32 * u32::from(class);
            return Err(file.fault(Fault::WrongClass { found: bits(found), host: bits(host) }));
        }
        _ => return Err(file.damaged(format!("its class of pointers is {found}"))),
    }
    let (found, host) = (head[5], if cfg!(target_endian = "little") { 1 } else { 2 });
    match found {
        1 | 2 if found == host => Ok(()),
        1 | 2 => {
            let name = |order: u8| if order == 1 { "little-endian" } else { "big-endian" };
            Err(file.fault(Fault::WrongEndianness { found: name(found), host: name(host) }))
        }
        _ => Err(file.damaged(format!("its order of bytes is {found}"))),
    }
}

fn check_header(file: &PackFile, header: &FileHeader) -> Result<(), PackError> {
    let machine = header.e_machine.get(Native).0;
    if host_machine().is_some_and(|host| machine != host) {
        let found = machine_name(machine);
        return Err(file.fault(Fault::WrongMachine { found, host: std::env::consts::ARCH }));
    }
    let kind = header.e_type.get(Native);
    let found = match kind {
        elf::ET_DYN => return Ok(()),
        elf::ET_EXEC => "a program".to_owned(),
        elf::ET_REL => "an object file, not yet linked".to_owned(),
        elf::ET_CORE => "a memory dump".to_owned(),
        other => return Err(file.damaged(format!("its kind is {}", other.0))),
    };
    Err(file.fault(Fault::NotShared { found }))
}

/// The machine code of this program, where it is one of the usual.
fn host_machine() -> Option<u16> {
    Some(match std::env::consts::ARCH {
        "x86_64" => elf::EM_X86_64.0,
        "aarch64" => elf::EM_AARCH64.0,
        "riscv64" => elf::EM_RISCV.0,
        "loongarch64" => elf::EM_LOONGARCH.0,
        "powerpc64" => elf::EM_PPC64.0,
        "s390x" => elf::EM_S390.0,
        _ => return None,
    })
}

fn machine_name(machine: u16) -> String {
    let known = [
        (elf::EM_X86_64, "x86_64"),
        (elf::EM_386, "x86"),
        (elf::EM_AARCH64, "aarch64"),
        (elf::EM_ARM, "arm"),
        (elf::EM_RISCV, "riscv"),
        (elf::EM_LOONGARCH, "loongarch"),
        (elf::EM_PPC64, "powerpc64"),
        (elf::EM_S390, "s390x"),
    ];
    known
        .iter()
        .find(|(known, _)| known.0 == machine)
        .map_or_else(|| format!("machine {machine}"), |(_, name)| (*name).to_owned())
}

/// Checks that every segment lies inside the file, and that the file is no program.
fn check_segments(file: &PackFile, header: &FileHeader) -> Result<(), PackError> {
    let count = header.e_phnum.get(Native);
    if count == 0 || count == elf::PN_XNUM {
        return Err(file.damaged(format!("it has {count} segments")));
    }
    if usize::from(header.e_phentsize.get(Native)) != size_of::<Segment>() {
        return Err(file.damaged("the entries of its table of segments have a wrong size"));
    }
    let len = u64::from(count) * size_of::<Segment>() as u64;
    let words = file.words(header.e_phoff.get(Native), len, "the table of segments")?;
    let bytes = pod::bytes_of_slice(&words);
    let Ok((segments, _)) = pod::slice_from_bytes::<Segment>(bytes, usize::from(count)) else {
        return Err(file.damaged("its table of segments cannot be read"));
    };
    let mut loaded = 0u32;
    for (index, segment) in segments.iter().enumerate() {
        let (at, len) = (segment.p_offset.get(Native), segment.p_filesz.get(Native));
        let part = format!("segment {index}");
        match segment.p_type.get(Native) {
            elf::PT_LOAD => {
                loaded += 1;
                file.check_range(at, len, &part)?;
                check_load(file, segment, &part)?;
            }
            elf::PT_DYNAMIC => {
                file.check_range(at, len, &part)?;
                check_dynamic(file, at, len)?;
            }
            _ if len > 0 => file.check_range(at, len, &part)?,
            _ => {}
        }
    }
    if loaded == 0 {
        return Err(file.damaged("no segment of it is to be loaded"));
    }
    Ok(())
}

fn check_load(file: &PackFile, segment: &Segment, part: &str) -> Result<(), PackError> {
    let (offset, address) = (segment.p_offset.get(Native), segment.p_vaddr.get(Native));
    let (in_file, in_memory) = (segment.p_filesz.get(Native), segment.p_memsz.get(Native));
    let align = segment.p_align.get(Native);
    if in_file > in_memory {
        return Err(file.damaged(format!("{part} is larger in the file than in memory")));
    }
    if address.checked_add(in_memory).is_none() {
        return Err(file.damaged(format!("{part} ends past the last address")));
    }
    if align > 1 && (!align.is_power_of_two() || address % align != offset % align) {
        return Err(file.damaged(format!("{part} is not aligned")));
    }
    Ok(())
}

/// Programs that may stand at any address look like shared libraries but for a flag.
fn check_dynamic(file: &PackFile, at: u64, len: u64) -> Result<(), PackError> {
    if len > MAX_DYNAMIC {
        return Err(file.damaged(format!("its dynamic table has {len} bytes")));
    }
    let words = file.words(at, len, "the dynamic table")?;
    let bytes = pod::bytes_of_slice(&words);
    let count = bytes.len() / size_of::<Dyn64<Native>>();
    let Ok((entries, _)) = pod::slice_from_bytes::<Dyn64<Native>>(bytes, count) else {
        return Err(file.damaged("its dynamic table cannot be read"));
    };
    let program = entries.iter().take_while(|entry| entry.d_tag.get(Native).0 != 0).any(|entry| {
        entry.d_tag.get(Native) == elf::DT_FLAGS_1 && entry.d_val.get(Native) & elf::DF_1_PIE.0 != 0
    });
    if program {
        return Err(file.fault(Fault::NotShared { found: "a program".to_owned() }));
    }
    Ok(())
}

/// Checks that every section lies inside the file and finds the one called `name`.
fn find_section(
    file: &PackFile,
    header: &FileHeader,
    name: &'static str,
) -> Result<Section, PackError> {
    let missing = || file.fault(Fault::NotAPack { section: name });
    let (at, count) = (header.e_shoff.get(Native), header.e_shnum.get(Native));
    if at == 0 || count == 0 {
        return Err(missing());
    }
    if usize::from(header.e_shentsize.get(Native)) != size_of::<Section>() {
        return Err(file.damaged("the entries of its table of sections have a wrong size"));
    }
    let len = u64::from(count) * size_of::<Section>() as u64;
    let words = file.words(at, len, "the table of sections")?;
    let bytes = pod::bytes_of_slice(&words);
    let Ok((sections, _)) = pod::slice_from_bytes::<Section>(bytes, usize::from(count)) else {
        return Err(file.damaged("its table of sections cannot be read"));
    };
    for (index, section) in sections.iter().enumerate() {
        if section.sh_type.get(Native) != elf::SHT_NOBITS && index > 0 {
            let (at, len) = (section.sh_offset.get(Native), section.sh_size.get(Native));
            file.check_range(at, len, &format!("section {index}"))?;
        }
    }
    let Some(names) = sections.get(usize::from(header.e_shstrndx.get(Native).0)) else {
        return Err(file.damaged("the names of its sections are missing"));
    };
    let len = names.sh_size.get(Native);
    if names.sh_type.get(Native) == elf::SHT_NOBITS || len > MAX_NAMES {
        return Err(file.damaged("the names of its sections cannot be read"));
    }
    let names = file.bytes(names.sh_offset.get(Native), len, "the names of the sections")?;
    let is_named = |section: &&Section| {
        usize::try_from(section.sh_name.get(Native))
            .ok()
            .and_then(|at| names.get(at..))
            .and_then(|rest| rest.split(|byte| *byte == 0).next())
            == Some(name.as_bytes())
    };
    let section = sections.iter().find(is_named).ok_or_else(missing)?;
    if section.sh_type.get(Native) == elf::SHT_NOBITS {
        return Err(file.damaged(format!("its section {name} is not in the file")));
    }
    if section.sh_flags.get(Native).0 & elf::SHF_COMPRESSED.0 != 0 {
        return Err(file.damaged(format!("its section {name} is compressed")));
    }
    Ok(*section)
}
