/** What was dropped or chosen: files, and directories with what is in them. */

/** Most files of one drop. */
export const DROPPED_MAX = 2000;
/** How deep directories may lie in each other: as deep as paths may be. */
const DEPTH_MAX = 32;

/** A file and where it goes, relative to where it was dropped. */
export interface Dropped {
  readonly path: string;
  readonly file: File;
}

export interface Gathered {
  /** Those that must be there before the files, outer ones first. */
  readonly folders: readonly string[];
  readonly files: readonly Dropped[];
  /** There were more. */
  readonly cut: boolean;
}

/** Reads a drop. The list of items is empty after the event, so it is read at once. */
export async function gather(data: DataTransfer): Promise<Gathered> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) {
    return gathered([...data.files].map((file) => ({ path: file.name, file })), []);
  }
  const files: Dropped[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    await walk(entry, "", files, folders);
  }
  return gathered(files, folders);
}

/** What a file dialog gave. */
export function chosen(files: Iterable<File>): Gathered {
  return gathered([...files].map((file) => ({ path: file.name, file })), []);
}

function gathered(files: readonly Dropped[], folders: readonly string[]): Gathered {
  return { folders, files: files.slice(0, DROPPED_MAX), cut: files.length > DROPPED_MAX };
}

async function walk(entry: FileSystemEntry, below: string, files: Dropped[], folders: string[]): Promise<void> {
  if (files.length > DROPPED_MAX || folders.length > DROPPED_MAX) {
    return;
  }
  const path = `${below}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => {
      (entry as FileSystemFileEntry).file(done, fail);
    });
    files.push({ path, file });
  } else if (entry.isDirectory && path.split("/").length < DEPTH_MAX) {
    folders.push(path);
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // A reader gives a hundred entries at a time, and none at the end.
      const some = await new Promise<FileSystemEntry[]>((done, fail) => {
        reader.readEntries(done, fail);
      });
      if (some.length === 0) {
        return;
      }
      for (const inner of some) {
        await walk(inner, `${path}/`, files, folders);
      }
    }
  }
}
