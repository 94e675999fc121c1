from pathlib import Path

import av
import numpy as np
from spoton_bench.materials import cut_rows, cut_video


def test_rows_are_cut_and_counted_from_one() -> None:
    assert cut_rows("5,1,a\n6,1,b\n7.0,2,c\n8,2,d\n", start=5, frames=2) == "1,1,b\n2,2,c\n"


def test_a_video_is_cut_to_the_frames_that_were_asked_for(tmp_path: Path) -> None:
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    with av.open(str(source), "w") as written:
        stream = written.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for grey in range(0, 200, 20):
            written.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8), "bgr24")))
        written.mux(stream.encode())
    cut_video(source, target, start=3, frames=4)
    with av.open(str(target)) as read:
        greys = [frame.to_ndarray(format="gray").mean() for frame in read.decode(video=0)]
        assert read.streams.video[0].average_rate == 25
    assert np.allclose(np.diff(greys), np.diff(greys)[0], atol=2)
    assert len(greys) == 4
