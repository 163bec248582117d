import { showOptions } from '../../pages/options';

void showOptions();
