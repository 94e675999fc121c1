from pathlib import Path

from spoton_common.environment.register import find_folders


def environment(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "environment.yaml").touch()
    return folder


def test_environments_are_found_where_they_are_and_one_level_below(tmp_path: Path) -> None:
    hall = environment(tmp_path / "hall")
    shop, yard = environment(tmp_path / "all" / "shop"), environment(tmp_path / "all" / "yard")
    environment(tmp_path / "all" / "yard" / "deeper")
    assert find_folders([hall, tmp_path / "all"]) == [hall, shop, yard]


def test_a_place_without_environments_is_kept_so_that_it_is_complained_of(tmp_path: Path) -> None:
    assert find_folders([tmp_path / "nowhere"]) == [tmp_path / "nowhere"]
