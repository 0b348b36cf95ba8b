/**
 * A wall of pictures: which tiles it has, and how many columns they stand in so that they are as
 * large as the window allows.
 *
 * @module
 */

/** @typedef {{element: HTMLElement, know: (camera: any) => void, destroy: () => void}} WallTile */
/** @typedef {{width: number, height: number}} Room px */

/** A browser decodes about so many pictures smoothly. */
export const PAGE_TILES = 16;
/** What a tile has besides its picture, px. */
const BAR_PX = 40;
const GAP_PX = 8;
/** Narrower than this a picture shows nothing. */
const MIN_TILE_PX = 220;
/** As wide as this, two pictures of a camera side by side show more than one. */
const ROOMY_PX = 480;

/**
 * Show these cameras and no others: update the tiles that stay, and make those that are missing.
 *
 * @template {{camera_id: string}} C
 * @template {WallTile} T
 * @param {HTMLElement} container
 * @param {Map<string, T>} tiles by camera
 * @param {C[]} cameras
 * @param {(camera: C) => T} make
 */
export function showTiles(container, tiles, cameras, make) {
  const ids = new Set(cameras.map(({ camera_id }) => camera_id));
  for (const [id, tile] of tiles) {
    if (ids.has(id)) continue;
    tile.destroy();
    tiles.delete(id);
  }
  for (const camera of cameras) {
    tiles.get(camera.camera_id)?.know(camera);
    if (tiles.has(camera.camera_id)) continue;
    const tile = make(camera);
    tiles.set(camera.camera_id, tile);
    container.append(tile.element);
  }
}

/**
 * Return one page of a wall: the last one where there are fewer pages than asked for.
 *
 * @template C
 * @param {C[]} cameras
 * @param {number} wanted page, from 1
 */
export function partOf(cameras, wanted) {
  const count = cameras.length;
  const pages = Math.max(1, Math.ceil(count / PAGE_TILES));
  const page = Math.min(Math.max(1, wanted), pages);
  const first = (page - 1) * PAGE_TILES;
  const shown = cameras.slice(first, first + PAGE_TILES);
  const which = shown.length === 1 ? `Camera ${first + 1}` : `Cameras ${first + 1}–${first + shown.length}`;
  return { shown, page, pages, words: `${which} of ${count}` };
}

/**
 * Return the number of columns with the widest tiles that fit without scrolling, or, where none
 * does, as many as leave each tile wide enough.
 *
 * @param {number} count
 * @param {Room} room
 * @param {number} ratio width / height of a tile's pictures, all together
 * @returns {{columns: number, fits: boolean, tilePx: number}}
 */
export function columnsOf(count, room, ratio) {
  let [columns, tilePx] = [1, 0];
  for (let tried = 1; tried <= count; tried += 1) {
    const width = tileWidth(count, tried, room, ratio);
    if (width > tilePx) [columns, tilePx] = [tried, width];
  }
  if (tilePx >= MIN_TILE_PX) return { columns, fits: true, tilePx };
  const most = Math.max(1, Math.floor((room.width + GAP_PX) / (MIN_TILE_PX + GAP_PX)));
  columns = Math.min(count, most);
  return { columns, fits: false, tilePx: (room.width - (columns - 1) * GAP_PX) / columns };
}

/**
 * Whether raw and annotated of every camera can be seen well at once.
 *
 * @param {number} count
 * @param {Room} room
 * @param {number} ratio of one picture
 */
export const hasRoomForBoth = (count, room, ratio) =>
  columnsOf(count, room, 2 * ratio).tilePx >= 2 * ROOMY_PX;

/**
 * The width of the pictures of a tile in so many columns that fit, px.
 *
 * @param {number} count
 * @param {number} columns
 * @param {Room} room
 * @param {number} ratio
 */
function tileWidth(count, columns, { width, height }, ratio) {
  const rows = Math.ceil(count / columns);
  const across = (width - (columns - 1) * GAP_PX) / columns;
  const down = ((height - (rows - 1) * GAP_PX) / rows - BAR_PX) * ratio;
  return Math.min(across, down);
}
