// Barcodes where the browser itself reads none, as Chromium on Linux: EAN, UPC and ITF-14 by @zxing/library, which takes
// rows of a picture in both directions, and QR codes by qr. Loaded when somebody opens a scanner there, and not before.
//
// Behind the interface of BarcodeDetector: `detect(video)` gives a list of { rawValue, format }, of one or of none.

const SIDE = 1280; // of a picture looked at
const TURNS = [0, 90, 0, 30, 0, 150, 0, 60, 0, 120]; // degrees by which it is turned, look by look: a row must cross all bars
const QR_PATIENCE = 30; // milliseconds

/** Rejects where a library is not to be had. */
export async function detector() {
  const [{ decodeQR }] = await Promise.all([
    import("../vendor/qr/decode.js"),
    import("../vendor/zxing/zxing.min.js"), // a plain script: it leaves its classes in globalThis.ZXing
  ]);
  return new Detector(globalThis.ZXing, decodeQR);
}

class Detector {
  constructor(zxing, decodeQR) {
    const { BarcodeFormat, DecodeHintType, MultiFormatOneDReader } = zxing;
    const formats = ["EAN_13", "EAN_8", "UPC_A", "ITF"].map((name) => BarcodeFormat[name]);
    this.hints = new Map([
      [DecodeHintType.POSSIBLE_FORMATS, formats],
      [DecodeHintType.ALLOWED_LENGTHS, Int32Array.of(14)], // shorter ITF has no check digit to believe it by
    ]);
    this.zxing = zxing;
    this.decodeQR = decodeQR;
    this.readers = [new MultiFormatOneDReader(this.hints), shortUpcReader(zxing)];
    this.canvas = document.createElement("canvas");
    this.brush = this.canvas.getContext("2d", { willReadFrequently: true });
    this.looks = 0;
    this.last = "";
  }

  async detect(video) {
    const turn = TURNS[this.looks++ % TURNS.length];
    const picture = this.draw(video, turn);
    const bars = this.readBars(picture);
    if (bars) {
      const isSure = bars.rawValue === this.last; // a blurred picture may be misread, but hardly twice alike
      this.last = bars.rawValue;
      return isSure ? [bars] : [];
    }
    const text = turn === 0 && this.readQR(picture);
    return text ? [{ rawValue: text, format: "qr_code" }] : [];
  }

  draw(video, turn) {
    const { videoWidth, videoHeight } = video;
    const { canvas, brush } = this;
    const scale = Math.min(1, SIDE / Math.max(videoWidth, videoHeight));
    canvas.width = Math.round(videoWidth * scale); // which wipes it, too
    canvas.height = Math.round(videoHeight * scale);
    brush.translate(canvas.width / 2, canvas.height / 2);
    brush.rotate((turn * Math.PI) / 180);
    brush.scale(scale, scale);
    brush.drawImage(video, -videoWidth / 2, -videoHeight / 2);
    return brush.getImageData(0, 0, canvas.width, canvas.height);
  }

  readBars({ width, height, data }) {
    const { BarcodeFormat, BinaryBitmap, GlobalHistogramBinarizer, RGBLuminanceSource } = this.zxing;
    const bitmap = new BinaryBitmap(new GlobalHistogramBinarizer(new RGBLuminanceSource(inGrey(data), width, height)));
    for (const reader of this.readers) {
      try {
        const found = reader.decode(bitmap, this.hints);
        return { rawValue: found.getText(), format: BarcodeFormat[found.getBarcodeFormat()].toLowerCase() };
      } catch {
        continue; // none of these in this picture
      }
    }
    return null;
  }

  readQR({ width, height, data }) {
    try {
      return this.decodeQR({ width, height, data }, { timeLimit: QR_PATIENCE });
    } catch {
      return null;
    }
  }
}

/** One byte a pixel. Where a turned picture leaves a corner empty it is white, like paper. */
function inGrey(data) {
  const grey = new Uint8ClampedArray(data.length / 4);
  for (let from = 0, to = 0; to < grey.length; from += 4, to += 1) {
    grey[to] = data[from + 3] ? (data[from] + 2 * data[from + 1] + data[from + 2]) >> 2 : 255;
  }
  return grey;
}

// Which of the six digits are written in even parity (the first one is the highest bit) says the check digit; for number
// system 1 it is the other ones.
const PARITIES = [0b111000, 0b110100, 0b110010, 0b110001, 0b101100, 0b100110, 0b100011, 0b101010, 0b101001, 0b100101];
const ENDING = Int32Array.of(1, 1, 1, 1, 1, 1);

/** UPC-E. The library's own reader of it has never read one: it is told of the digits and forgets them. */
function shortUpcReader({ BarcodeFormat, EAN13Reader, NotFoundException, OneDReader, Result }) {
  class ShortUpcReader extends OneDReader {
    decodeRow(number, row) {
      const start = EAN13Reader.findStartGuardPattern(row);
      let [, at] = start;
      let [digits, parity] = ["", 0];
      while (digits.length < 6) {
        const widths = new Int32Array(4);
        const best = EAN13Reader.decodeDigit(row, widths, at, EAN13Reader.L_AND_G_PATTERNS);
        digits += best % 10;
        parity = parity * 2 + (best >= 10);
        at += widths.reduce((sum, width) => sum + width);
      }
      const [from, to] = EAN13Reader.findGuardPattern(row, at, true, ENDING, new Int32Array(ENDING.length));
      const text = written(digits, parity);
      const isQuiet = to + (to - from) < row.getSize() && row.isRange(to, to + (to - from), false);
      if (from !== at || !isQuiet || !text) throw new NotFoundException();
      return new Result(text, null, 0, [], BarcodeFormat.UPC_E);
    }

    reset() {}
  }
  return new ShortUpcReader();
}

/** All eight digits, or null where they do not check. */
function written(digits, parity) {
  for (const [system, mask] of [["0", 0], ["1", 0b111111]]) {
    const check = PARITIES.indexOf(parity ^ mask);
    if (check >= 0) return checkDigit(system + inFull(digits)) === check ? system + digits + check : null;
  }
  return null;
}

/** The six digits as the ten they stand for: the last one says where the noughts were. */
function inFull(digits) {
  const last = digits[5];
  if (last < "3") return digits.slice(0, 2) + last + "0000" + digits.slice(2, 5);
  if (last === "3") return digits.slice(0, 3) + "00000" + digits.slice(3, 5);
  if (last === "4") return digits.slice(0, 4) + "00000" + digits[4];
  return digits.slice(0, 5) + "0000" + last;
}

function checkDigit(eleven) {
  const sum = [...eleven].reduce((sum, digit, place) => sum + digit * (place % 2 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10;
}
