# mypy: ignore-errors
"""How handles travel to other processes: by name, or by descriptor while a child is spawned."""

from filemap import _filemap


def mapping(mapping, registry):
    if mapping.name is not None and not mapping.withdrawn:
        return _open_mapping, (mapping.name, mapping.rights, registry)
    return _adopt, (_filemap.FileMapping, _descriptor(mapping))


def waitable(object, registry):
    if object.name is not None:
        return _open, (type(object), object.name, registry)
    return _adopt, (type(object), _descriptor(object))


def registry(place):
    return (_filemap.Registry.system, ()) if place is None else (_filemap.Registry, (place,))


def _descriptor(object):
    from multiprocessing import context, reduction

    if context.get_spawning_popen() is None:
        raise TypeError(
            f"a {type(object).__name__} without a name is passed to a process only while that is started"
        )
    return reduction.DupFd(object.fileno())


def _open_mapping(name, rights, registry):
    return _filemap.FileMapping.open(name, rights=rights, registry=registry)


def _open(kind, name, registry):
    return kind.open(name, registry=registry)


def _adopt(kind, descriptor):
    return kind.from_fd(descriptor.detach())
