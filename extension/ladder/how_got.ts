// How an image was got: what showed it on the page, and who read its bytes. The panel names both.

export type ShownBy =
  | 'src'
  | 'srcset'
  | 'background'
  | 'pseudo_element'
  | 'canvas'
  | 'svg_image'
  | 'video_frame'
  | 'video_poster'
  | 'input_image'
  | 'object'
  | 'inline_data'
  | 'blob';

export type ReadBy =
  | 'page' // as the page itself may read it
  | 'host' // by this extension, with the reader's permission for that host
  | 'server' // by the service's own fetch
  | 'screen'; // a crop of the visible tab

export interface HowGot {
  shownBy: ShownBy;
  readBy: ReadBy;
}

/** One address (or none) at which a picture's bytes may be had. The best comes first. */
export interface Source {
  url: string | null;
  shownBy: ShownBy;
  /** `exact`: the bytes must decode to the picture's own size. `shape`: to its proportions. */
  mustFit: 'exact' | 'shape' | 'nothing';
}

/** A picture on a page. `ref` names it within its frame for as long as the page lives. */
export interface Picture {
  ref: number;
  sources: Source[];
  /** Its own size in pixels, 0 where the page does not tell. */
  widthPx: number;
  heightPx: number;
}

/** Where the reader clicked. */
export interface Target {
  tabId: number;
  frameId: number;
  /** Whether our script may run in that frame; another site's frame is closed to it. */
  isReadable: boolean;
  pageUrl: string | null;
  picture: Picture;
}

export interface ReadBytes {
  base64: string;
  mediaType: string;
}
